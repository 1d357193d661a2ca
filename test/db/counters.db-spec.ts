import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { RateLimitCounter } from '../../src/limits/counter.entity.js';
import { CountersRepository } from '../../src/limits/counters.repository.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 10, connectTimeoutMs: 5000, statementTimeoutMs: 10_000 };
const ROUNDS = 50;
const AT_ONCE = 10;

const counters = new CountersRepository();
let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await workerDatabase();
  dataSource = await new DataSource(
    dataSourceOptions(database.target, POOL, [RateLimitCounter]),
  ).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});
beforeEach(() => dataSource.manager.query('DELETE FROM rate_limits'));

async function count(points: Readonly<Record<string, number>>): Promise<void> {
  await dataSource.manager.query(
    `INSERT INTO rate_limits (key, points) SELECT * FROM unnest($1::text[], $2::int[])
     ON CONFLICT (key) DO UPDATE SET points = EXCLUDED.points`,
    [Object.keys(points), Object.values(points)],
  );
}

async function counted(): Promise<Record<string, number>> {
  const rows: Array<{ key: string; points: number }> = await dataSource.manager.query(
    'SELECT key, points FROM rate_limits ORDER BY key',
  );
  return Object.fromEntries(rows.map(({ key, points }) => [key, points]));
}

it('a settlement deletes some counters and gives a point back to others that have one', async () => {
  await count({ 'address:a': 3, 'address:b': 0, 'strangers:x': 2, 'devices:x': 1, 'strangers:y': 4 });
  await counters.settle(dataSource.manager, {
    forget: ['strangers:x', 'devices:x', 'devices-delays:x'],
    refund: ['address:a', 'address:b', 'address:c'],
  });
  expect(await counted()).toEqual({ 'address:a': 2, 'address:b': 0, 'strangers:y': 4 });
});

it('counters are deleted by the beginning of their key', async () => {
  await count({
    'devices:x:1': 1,
    'devices:x:2': 2,
    'devices-delays:x:1': 1,
    'devices:xy:1': 1,
    'strangers:x': 1,
  });
  await counters.deleteBeginning(dataSource.manager, ['devices:x:', 'devices-delays:x:']);
  expect(await counted()).toEqual({ 'devices:xy:1': 1, 'strangers:x': 1 });
});

it('a settlement may only delete or only give back', async () => {
  await count({ 'address:a': 3, 'strangers:x': 2 });
  await counters.settle(dataSource.manager, { refund: ['address:a', 'strangers:x'] });
  expect(await counted()).toEqual({ 'address:a': 2, 'strangers:x': 1 });
  await counters.settle(dataSource.manager, { forget: ['strangers:x'] });
  expect(await counted()).toEqual({ 'address:a': 2 });
});

it('parallel settlements of the same keys lose no point and do not deadlock', async () => {
  const addresses = Array.from({ length: 20 }, (_, index) => `address:${index}`);
  const accounts = Array.from({ length: 20 }, (_, index) => `strangers:${index}`);
  const manager = () => dataSource.manager;
  await Promise.all(Array.from({ length: AT_ONCE }, () => manager().query('SELECT pg_sleep(0.05)')));
  for (let round = 0; round < ROUNDS; round++) {
    // Rows are stored in another order than that of their keys.
    await dataSource.manager.query('TRUNCATE rate_limits');
    await count(Object.fromEntries(accounts.map((key) => [key, 1])));
    await count(Object.fromEntries(addresses.map((key) => [key, AT_ONCE + 1])));
    const settling = Array.from({ length: AT_ONCE }, (_, index) => {
      const refund = index % 2 ? addresses : addresses.toReversed();
      const forget = index % 3 ? accounts : accounts.toReversed();
      return counters.settle(manager(), index % 5 ? { refund, forget } : { refund: [...forget, ...refund] });
    });
    await Promise.all(settling);
    expect(await counted()).toEqual(Object.fromEntries(addresses.toSorted().map((key) => [key, 1])));
  }
});

it('expired counters are deleted in bounded batches', async () => {
  const now = new Date();
  await dataSource.manager.query(
    `INSERT INTO rate_limits (key, points, expire) VALUES ('a', 1, $1), ('b', 1, $1), ('c', 1, $2), ('d', 1, NULL)`,
    [now.getTime() - 1, now.getTime()],
  );
  expect(await counters.deleteExpired(dataSource.manager, now, 1)).toBe(1);
  expect(await counters.deleteExpired(dataSource.manager, now, 10)).toBe(1);
  expect(await counted()).toEqual({ c: 1, d: 1 });
});
