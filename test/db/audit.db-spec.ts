import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { BATCH } from '../../src/audit/audit-batches.js';
import { hashOfEvents, monthOf } from '../../src/audit/audit-event.js';
import { addMonths } from '../../src/audit/audit.retention.js';
import { CHAIN_START, nextSeal } from '../../src/seals/seal.js';
import { CHAIN_LOCK } from '../../src/seals/seals.repository.js';
import { AuditDatabase, AuditRoom } from '../support/database/audit-room.js';
import { newSecret } from '../support/service/server.js';

const DAY_MS = 86_400_000;

const secret = newSecret();
let audit: AuditDatabase;
let room: AuditRoom;

beforeAll(async () => {
  audit = await AuditDatabase.create();
});
afterAll(() => audit.drop());

beforeEach(async () => {
  await audit.empty();
  room = new AuditRoom(audit.dataSource, { secret });
});

async function sealedIds(): Promise<string[]> {
  const rows = await audit.database.query<{ ids: string[] }>(
    'SELECT event_ids AS ids FROM audit_seals ORDER BY number',
  );
  return rows.flatMap(({ ids: some }) => some);
}

/** Opens a transaction on another connection, which stays open until the test ends. */
const clients: Client[] = [];
async function openTransaction(sql: string): Promise<Client> {
  const client = new Client(audit.database.target);
  clients.push(client);
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql);
  return client;
}
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});

describe('an event', () => {
  it('is rolled back with its transaction, and committed with it', async () => {
    const failing = room.transactions.run(async (transaction) => {
      await room.record(1, transaction);
      throw new Error('the change failed');
    });
    await expect(failing).rejects.toThrow('the change failed');
    expect(await audit.ids()).toEqual([]);
    await room.record(1);
    expect(await audit.ids()).toHaveLength(1);
  });

  it('is kept whatever its time is, and moves to its month once the partition exists', async () => {
    room.clock.move(100 * DAY_MS);
    await room.record(2);
    expect(await audit.database.query('SELECT 1 FROM audit_events_default')).toHaveLength(2);
    await room.seal();
    await room.patiently((retention) => retention.upkeep());
    expect(await audit.database.query('SELECT 1 FROM audit_events_default')).toEqual([]);
    expect(await room.verifier.verify()).toMatchObject({ fault: null, events: 2 });
    await room.record(1);
    expect(await audit.database.query('SELECT 1 FROM audit_events_default')).toEqual([]);
  });
});

describe('sealing', () => {
  it('covers every event of parallel transactions once, with two sealers at work', async () => {
    const other = new AuditRoom(audit.dataSource, { secret });
    const written = new AbortController();
    const sealing = [room, other].map(async ({ sealer }) => {
      while (!written.signal.aborted) await sealer.seal();
    });
    const seals = async (): Promise<number> =>
      (await audit.database.query('SELECT 1 FROM audit_seals')).length;
    let rounds = 0;
    // Sealing is slow on a busy machine: the test needs rounds that ran beside the writers.
    for (; rounds < 20 || (await seals()) <= 5; rounds++) {
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          room.transactions.run(async (transaction) => {
            await room.record(1 + (index % 3), transaction);
            // The transactions commit in another order than they are numbered.
            await transaction.manager.query('SELECT pg_sleep($1)', [((index * 7) % 8) / 1000]);
            if (index === 5) await room.record(1, transaction);
          }),
        ),
      );
    }
    written.abort();
    await Promise.all(sealing);
    await room.seal();
    const events = rounds * 16;
    expect(await audit.ids()).toHaveLength(events);
    expect(await sealedIds()).toEqual(await audit.ids());
    expect(await room.verifier.verify()).toMatchObject({ fault: null, events, unsealed: 0 });
  });

  it('is delayed by a long transaction, without either waiting for the other', async () => {
    const long = await openTransaction('CREATE TABLE something (id integer)');
    await room.record(3);
    expect(await room.sealer.seal()).toBe(0);
    expect(await room.verifier.verify()).toMatchObject({ fault: null, events: 0, unsealed: 3 });
    await long.query('ROLLBACK');
    expect(await room.seal()).toBe(3);

    // One sealer is stuck in its transaction and holds the lock: the other one gives up, and writers continue.
    await openTransaction(`SELECT pg_advisory_xact_lock(${CHAIN_LOCK})`);
    await room.record(2);
    expect(await room.seal()).toBe(0);
  });

  it('splits many events into batches, between transactions', async () => {
    const count = BATCH + 10;
    await room.transactions.run((transaction) => room.record(5, transaction));
    await room.transactions.run((transaction) => room.record(count, transaction));
    await room.record(2);
    expect(await room.seal()).toBe(count + 7);
    const seals = await audit.database.query<{ event_count: number }>(
      'SELECT event_count FROM audit_seals ORDER BY number',
    );
    expect(seals.map(({ event_count: covered }) => covered)).toEqual([5, count, 2]);
    expect(await room.verifier.verify()).toMatchObject({ fault: null, seals: 3, events: count + 7 });
  });

  it('continues after a restore into a server that numbers transactions lower', async () => {
    const { manager } = audit.dataSource;
    await room.record(3);
    await room.seal();
    await room.record(1);
    // Gives the log the transaction ids of a server that is far ahead, with all but the last event sealed.
    await audit.database.query(
      `UPDATE audit_events SET transaction_id = (transaction_id::text::bigint + 1000000)::text::xid8`,
    );
    await audit.database.query('TRUNCATE audit_seals');
    // Stands for the instance that starts after the restore.
    room = new AuditRoom(audit.dataSource, { secret });
    const events = await room.events.inRange(manager, { era: 0, from: '0', to: undefined });
    const sealed = events.slice(0, 3);
    const content = {
      ...{ era: 0, from: '0', to: events[3]?.transactionId ?? '' },
      ...{ month: monthOf(new Date(room.clock.now())), eventIds: sealed.map(({ id }) => id) },
      ...{
        eventsHash: hashOfEvents(sealed),
        dropped: null,
        handover: null,
        createdAt: new Date(room.clock.now()),
      },
    };
    await room.seals.insert(manager, nextSeal(CHAIN_START, content, room.keys));
    await room.record(2);
    expect(await room.seal()).toBe(3);
    await room.record(1);
    expect(await room.seal()).toBe(1);
    expect(await room.verifier.verify()).toMatchObject({ fault: null, events: 7, unsealed: 0 });
  });
});

describe('a month', () => {
  const present = new Date().toISOString().slice(0, 7);

  /** Three seals in each of the last three months, of which the table has the partitions. */
  async function threeMonths(): Promise<string[]> {
    const months = [-2, -1, 0].map((ago) => addMonths(present, ago));
    for (const month of months) {
      const there = await room.months.list(audit.dataSource.manager);
      if (!there.includes(month)) {
        const until = addMonths(month, 1);
        await room.transactions.run(async ({ manager }) => {
          await room.months.create(manager, month);
          await room.months.attach(manager, month, until);
        });
      }
      room.clock.move(Date.parse(`${month}-15T12:00:00Z`) - room.clock.now());
      for (let seal = 0; seal < 3; seal++) {
        await room.record(2);
        await room.seal();
      }
    }
    return months;
  }

  it('gets a seal of its own when events across its turn are sealed together', async () => {
    await room.transactions.run(async (transaction) => {
      room.clock.move(Date.parse(`${addMonths(present, 1)}-01T00:00:00Z`) - 5000 - room.clock.now());
      await room.record(2, transaction);
      room.clock.move(10_000);
      await room.record(3, transaction);
    });
    await room.seal();
    expect(await audit.database.query('SELECT month, event_count FROM audit_seals ORDER BY number')).toEqual([
      { month: present, event_count: 2 },
      { month: addMonths(present, 1), event_count: 3 },
    ]);
    expect(await room.verifier.verify()).toMatchObject({ fault: null, events: 5 });
  });

  it('is dropped whole, with its seals, and the remaining log verifies', async () => {
    const [, , kept = ''] = await threeMonths();
    const { checkpoint } = await room.verifier.verify();
    await room.patiently((retention) => retention.dropBefore(kept));
    await room.patiently((retention) => retention.upkeep());
    expect(await audit.ids()).toHaveLength(6);
    expect(await audit.database.query('SELECT number::int FROM audit_seals ORDER BY number')).toEqual(
      [7, 8, 9, 10].map((number) => ({ number })),
    );
    await room.record(2);
    await room.seal();
    expect(await room.verifier.verify(checkpoint ?? undefined)).toMatchObject({
      fault: null,
      events: 8,
      seals: 5,
      keptFrom: kept,
    });
  });

  it('that was dropped by another party is reported as missing', async () => {
    const [, old = '', kept = ''] = await threeMonths();
    await room.patiently((retention) => retention.dropBefore(old));
    expect(await room.verdict()).toBe('whole');
    await audit.database.query('DELETE FROM audit_events WHERE created_at < $1', [`${kept}-01T00:00:00Z`]);
    expect(await room.verdict()).toBe('event_missing');
    await audit.database.query(
      `UPDATE audit_seals SET dropped_before = $1, dropped_through = 6,
      dropped_hash = (SELECT hash FROM audit_seals WHERE number = 6) WHERE dropped_through IS NOT NULL`,
      [kept],
    );
    expect(await room.verdict()).toBe('seal_broken');
  });

  it('is dropped later while a transaction uses it, and delays a writer by a moment at most', async () => {
    const [, , kept = ''] = await threeMonths();
    const open = await openTransaction('SELECT count(*) FROM audit_events');
    const dropping = room.retention.dropBefore(kept).then(
      () => 'dropped',
      () => 'later',
    );
    const ended = new AbortController();
    void dropping.then(() => ended.abort());
    while (!ended.signal.aborted) {
      const start = performance.now();
      await room.record(1);
      expect(performance.now() - start).toBeLessThan(1000);
    }
    expect(await dropping).toBe('later');
    expect(await room.verdict()).toBe('whole');
    await open.query('COMMIT');
    await room.patiently((retention) => retention.dropBefore(kept));
    expect(await room.months.list(audit.dataSource.manager)).not.toContain(addMonths(kept, -1));
    expect(await room.verdict()).toBe('whole');
  });

  it('is not dropped because one clock runs ahead', async () => {
    await threeMonths();
    room.clock.move(3000 * DAY_MS);
    await room.patiently((retention) => retention.upkeep());
    expect(await audit.ids()).toHaveLength(18);
  });
});
