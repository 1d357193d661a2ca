import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { REVOCATION_KINDS, type LiveRevocation } from '@latchkey/token-rules';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { newId } from '../../src/platform/kernel/ids.js';
import { AccessLifetime } from '../../src/revocation/access-lifetime.entity.js';
import { AccessLifetimesRepository } from '../../src/revocation/access-lifetimes.repository.js';
import { Revocation } from '../../src/revocation/revocation.entity.js';
import { RevocationsRepository } from '../../src/revocation/revocations.repository.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 60_000 };
const HOUR_MS = 3_600_000;

const TransactionId = z.string().regex(/^\d+$/);
const FeedRow = z.strictObject({
  seq: z.int(),
  id: z.uuid(),
  kind: z.enum(REVOCATION_KINDS),
  subject: z.string(),
  cutoff: z.number(),
  minVersion: z.int().nullable(),
  soft: z.boolean(),
  reason: z.string(),
  actor: z.string().nullable(),
  createdAt: z.number(),
  expiresAt: z.number(),
});
const PlacedRow = FeedRow.extend({ transactionId: TransactionId });
const NewRow = FeedRow.extend({ settled: z.boolean() });

const now = Date.now();
const revocations = new RevocationsRepository();
let database: TestDatabase;
let source: DataSource;

beforeAll(async () => {
  database = await createDatabase();
  source = await new DataSource(
    dataSourceOptions(database.target, POOL, [AccessLifetime, Revocation]),
  ).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});
beforeEach(async () => {
  await database.query('DELETE FROM revocations');
});

async function insertAll(rows: readonly LiveRevocation[]): Promise<void> {
  for (const row of rows) {
    const lifetimes = { ownMs: row.expiresAt - row.createdAt, marginMs: 0 };
    expect(await revocations.insert(source.manager, [row], lifetimes)).toBe(row.expiresAt);
  }
}

function revocation(change: Partial<LiveRevocation> = {}): LiveRevocation {
  return {
    id: newId(now),
    kind: 'session',
    subject: newId(now),
    cutoff: now,
    minVersion: null,
    soft: false,
    reason: 'test',
    actor: null,
    createdAt: now,
    expiresAt: now + HOUR_MS,
    ...change,
  };
}

describe('the statements on revocations return the rows they declare:', () => {
  const live = revocation();
  const soft = revocation({ kind: 'user', minVersion: 3, soft: true, actor: 'root' });
  const expired = revocation({ expiresAt: now - 1 });

  beforeEach(() => insertAll([live, soft, expired]));

  it('readPage', async () => {
    const page = { after: undefined, limit: 10, now: new Date(now) };
    const rows = z.array(PlacedRow).parse(await revocations.readPage(source.manager, page));
    expect(rows).toMatchObject([live, soft]);
    expect(await revocations.readPage(source.manager, { ...page, after: rows[0] })).toEqual([rows[1]]);
  });

  it('horizon and readSince', async () => {
    const { rows, horizon } = await revocations.readSince(source.manager, '0', new Date(now));
    expect(z.array(NewRow).parse(rows)).toMatchObject([live, soft]);
    TransactionId.parse(horizon);
    TransactionId.parse(await revocations.horizon(source.manager));
  });

  it('readSince, where there is no row', async () => {
    const future = new Date(now + 2 * HOUR_MS);
    const { rows, horizon } = await revocations.readSince(source.manager, '0', future);
    expect(rows).toEqual([]);
    TransactionId.parse(horizon);
  });

  it('feedPage and countFeed', async () => {
    // Rows are settled once every older transaction on the server has ended; tests of other databases run there too.
    await expectSettled();
    const page = { after: 0, limit: 10, now: new Date(now) };
    expect(z.array(FeedRow).parse(await revocations.feedPage(source.manager, page))).toMatchObject([
      live,
      soft,
    ]);
    expect(z.int().parse(await revocations.countFeed(source.manager, new Date(now)))).toBe(2);
  });

  it('get', async () => {
    expect(FeedRow.parse(await revocations.get(source.manager, soft.id))).toMatchObject(soft);
  });

  it('minVersions', async () => {
    const [subject, other] = [newId(now), newId(now)];
    await insertAll([
      revocation({ kind: 'user', subject, minVersion: 3 }),
      revocation({ kind: 'user', subject, minVersion: 5, soft: true }),
      revocation({ kind: 'user', subject, minVersion: 9, expiresAt: now }),
      revocation({ kind: 'user', subject: other }),
    ]);
    const versions = await revocations.minVersions(source.manager, [subject, other], new Date(now));
    expect(versions).toEqual(new Map([[subject, 5]]));
  });

  it('deleteExpired', async () => {
    expect(await revocations.deleteExpired(source.manager, new Date(now), 10)).toBe(1);
    expect(await revocations.deleteExpired(source.manager, new Date(now), 10)).toBe(0);
  });
});

describe('the statements on lifetimes', () => {
  const lifetimes = new AccessLifetimesRepository();
  const at = (milliseconds: number): Date => new Date(now + milliseconds);

  beforeEach(() => database.query('DELETE FROM access_lifetimes'));

  it('longest counts a lifetime until its last token has expired', async () => {
    const { manager } = source;
    expect(z.int().parse(await lifetimes.longest(manager, at(0)))).toBe(0);
    await lifetimes.record(manager, 60, at(0));
    await lifetimes.record(manager, 3600, at(-HOUR_MS + 1000));
    expect(await lifetimes.longest(manager, at(0))).toBe(3600);
    expect(await lifetimes.longest(manager, at(1000))).toBe(60);
    expect(await lifetimes.longest(manager, at(60_000))).toBe(0);
    expect(await lifetimes.deleteExpired(manager, at(2000))).toBe(1);
  });

  it('record never moves the end of a lifetime back', async () => {
    const { manager } = source;
    await lifetimes.record(manager, 60, at(HOUR_MS));
    await lifetimes.record(manager, 60, at(0));
    expect(await lifetimes.longest(manager, at(HOUR_MS))).toBe(60);
  });

  it('insert makes rows last until the last token of before has expired', async () => {
    const { manager } = source;
    const own = { ownMs: 5000, marginMs: 1000 };
    await lifetimes.record(manager, 3600, at(-600_000));
    expect(await revocations.insert(manager, [revocation()], own)).toBe(now + 3_001_000);
    await lifetimes.record(manager, 3600, at(600_000));
    expect(await revocations.insert(manager, [revocation()], own)).toBe(now + 3_601_000);
    await revocations.insert(manager, [{ ...revocation({ subject: 'for good' }), cutoff: null }], own);
    const rows = await database.query<{ cutoff: Date; expires_at: Date }>(
      `SELECT cutoff, expires_at FROM revocations WHERE subject = 'for good'`,
    );
    expect(rows).toEqual([{ cutoff: at(3_601_000), expires_at: at(3_601_000) }]);
  });
});

async function expectSettled(): Promise<void> {
  const deadline = Date.now() + 10_000;
  while ((await revocations.countFeed(source.manager, new Date(now))) < 2) {
    if (Date.now() > deadline) throw new Error('a transaction on the server does not end');
  }
}
