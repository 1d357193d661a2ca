import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { createDatabase, urlOf, type TestDatabase } from '../support/database/database.js';

/** The client waits a second longer than this. */
const POOL = { poolSize: 1, connectTimeoutMs: 10_000, statementTimeoutMs: 100 };

let database: TestDatabase;
let dataSource: DataSource;
let holder: Client;

beforeEach(async () => {
  database = await createDatabase();
  await database.query('CREATE TABLE things (name text PRIMARY KEY)');
  await database.query(`INSERT INTO things VALUES ('one')`);
  // As behind a pooler, the server has no limit shorter than the client's.
  const target = { url: urlOf(database.target), pooled: true };
  dataSource = await new DataSource(dataSourceOptions(target, POOL)).initialize();
  holder = new Client({ ...database.target });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE things');
});
afterEach(async () => {
  await holder.end();
  await dataSource.destroy();
  await database.drop();
});

async function names(): Promise<string[]> {
  const rows: Array<{ name: string }> = await dataSource.query('SELECT name FROM things ORDER BY name');
  return rows.map(({ name }) => name);
}

it('a transaction that the client abandoned is not committed by the next one', async () => {
  const abandoned = dataSource.transaction((manager) => manager.query(`INSERT INTO things VALUES ('two')`));
  await expect(abandoned).rejects.toThrow('Query read timeout');
  await holder.query('COMMIT');
  await dataSource.transaction((manager) => manager.query(`INSERT INTO things VALUES ('three')`));
  expect(await names()).toEqual(['one', 'three']);
});

it('the next statement does not wait for a connection whose statement still runs', async () => {
  await expect(dataSource.query('TABLE things')).rejects.toThrow('Query read timeout');
  expect(await dataSource.query('SELECT 1 AS answer')).toEqual([{ answer: 1 }]);
});

it('a connection released when idle is used again', async () => {
  await holder.query('COMMIT');
  const pid = async () => (await dataSource.query('SELECT pg_backend_pid() AS pid')) as unknown;
  const first = await pid();
  await dataSource.transaction((manager) => manager.query('SELECT 1'));
  expect(await pid()).toEqual(first);
});
