import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { monthOf } from '../../src/audit/audit-event.js';
import { CHAIN_START } from '../../src/seals/seal.js';
import { AuditDatabase, AuditRoom } from '../support/database/audit-room.js';
import { newSecret } from '../support/service/server.js';

const TransactionId = z.string().regex(/^\d+$/);
const Hash = z.instanceof(Buffer).refine((hash) => hash.length === 32);

const PlacedEvent = z.strictObject({
  id: z.uuid(),
  createdAt: z.date(),
  action: z.string(),
  actor: z.string().nullable(),
  subjectKind: z.string(),
  subject: z.string(),
  sessionId: z.string().nullable(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  requestId: z.string().nullable(),
  details: z.record(z.string(), z.unknown()).nullable(),
  signature: Hash,
  signedBy: z.string(),
  era: z.int(),
  transactionId: TransactionId,
});
const Seal = z.strictObject({
  number: z.int(),
  hash: Hash,
  era: z.int(),
  from: TransactionId,
  to: TransactionId,
  month: z.string().nullable(),
  eventIds: z.array(z.uuid()),
  eventsHash: Hash,
  dropped: z.strictObject({ through: z.int(), hash: Hash, before: z.string() }).nullable(),
  handover: z.strictObject({ from: z.string(), wrappedKey: z.instanceof(Buffer) }).nullable(),
  previousHash: Hash,
  createdAt: z.date(),
  signature: Hash,
  signedBy: z.string(),
  formerSignature: Hash.nullable(),
});

let audit: AuditDatabase;
let room: AuditRoom;

beforeAll(async () => {
  audit = await AuditDatabase.create();
});
afterAll(() => audit.drop());
beforeEach(async () => {
  await audit.empty();
  room = new AuditRoom(audit.dataSource, { secret: newSecret() });
});

describe('the statements on audit events return the rows they declare:', () => {
  it('inRange', async () => {
    await room.record(2);
    const all = { era: 0, from: '0', to: undefined };
    const events = await room.events.inRange(audit.dataSource.manager, all);
    expect(z.array(PlacedEvent).parse(events)).toHaveLength(2);
    expect(await room.events.inRange(audit.dataSource.manager, { ...all, limit: 1 })).toEqual([events[0]]);
    const [, second] = events;
    const untilSecond = { ...all, to: second?.transactionId };
    expect(await room.events.inRange(audit.dataSource.manager, untilSecond)).toEqual([events[0]]);
  });

  it('open and next', async () => {
    await room.record(3);
    await room.transactions.run(async ({ manager }) => {
      await room.events.open(manager);
      expect(z.array(PlacedEvent).parse(await room.events.next(manager, 2))).toHaveLength(2);
      expect(z.array(PlacedEvent).parse(await room.events.next(manager, 2))).toHaveLength(1);
      expect(await room.events.next(manager, 2)).toEqual([]);
    });
  });

  it('hasUnsealed', async () => {
    const { manager } = audit.dataSource;
    expect(await room.events.hasUnsealed(manager, CHAIN_START)).toBe(false);
    await room.record(1);
    expect(await room.events.hasUnsealed(manager, CHAIN_START)).toBe(true);
    await room.seal();
    expect(await room.events.hasUnsealed(manager, await room.chain.follow(manager))).toBe(false);
  });

  it('horizon and repeatedId', async () => {
    await room.record(2);
    TransactionId.parse(await room.events.horizon(audit.dataSource.manager));
    expect(await room.events.repeatedId(audit.dataSource.manager)).toBeUndefined();
  });
});

describe('the statements on seals return the rows they declare:', () => {
  it('last and page', async () => {
    const { manager } = audit.dataSource;
    expect(await room.seals.last(manager)).toBeUndefined();
    await room.record(2);
    await room.seal();
    const [seal, ...others] = z.array(Seal).parse(await room.seals.page(manager, 1, 10));
    expect(others).toEqual([]);
    expect(seal).toMatchObject({ number: 1, month: monthOf(new Date(room.clock.now())), dropped: null });
    expect(seal?.eventIds).toEqual(await audit.ids());
    expect(await room.seals.last(manager)).toEqual(seal);
    expect(await room.seals.page(manager, 2, 10)).toEqual([]);
  });

  it('open and next', async () => {
    await room.record(1);
    await room.seal();
    await room.transactions.run(async ({ manager }) => {
      await room.seals.open(manager);
      expect(z.array(Seal).parse(await room.seals.next(manager, 2))).toHaveLength(1);
      expect(await room.seals.next(manager, 2)).toEqual([]);
    });
  });

  it('handovers, lastDrop and isSignedBy', async () => {
    const { manager } = audit.dataSource;
    const [next, previous] = [newSecret(), newSecret()];
    const successor = new AuditRoom(audit.dataSource, { secret: next, previousSecrets: [previous] });
    expect(await room.seals.lastDrop(manager)).toBeUndefined();
    await successor.record(1);
    await successor.seal();
    const [handover, ...others] = z.array(Seal).parse(await room.seals.handovers(manager));
    expect(others).toEqual([]);
    expect(handover).toMatchObject({
      number: 1,
      month: null,
      eventIds: [],
      signedBy: successor.keys.currentId,
    });
    expect(await room.seals.isSignedBy(manager, successor.keys.currentId)).toBe(true);
    expect(await room.seals.isSignedBy(manager, room.keys.currentId)).toBe(false);
  });

  it('firstToKeep', async () => {
    const { manager } = audit.dataSource;
    await room.record(1);
    await room.seal();
    const month = monthOf(new Date(room.clock.now()));
    const future = new Date(room.clock.now() + 86_400_000);
    expect(Seal.parse(await room.seals.firstToKeep(manager, month, future)).number).toBe(1);
    expect(Seal.parse(await room.seals.firstToKeep(manager, '9999-12', new Date(0))).number).toBe(1);
    expect(await room.seals.firstToKeep(manager, '9999-12', future)).toBeUndefined();
  });

  it('tryLock', async () => {
    await room.transactions.run(async ({ manager }) => {
      expect(await room.seals.tryLock(manager)).toBe(true);
      const other = await room.transactions.run((second) => room.seals.tryLock(second.manager));
      expect(other).toBe(false);
    });
  });

  it('deleteThrough', async () => {
    const { manager } = audit.dataSource;
    await room.record(1);
    await room.seal();
    expect(await room.seals.deleteThrough(manager, 0, 10)).toBe(0);
    expect(await room.seals.deleteThrough(manager, 1, 10)).toBe(1);
  });
});

describe('the statements on months return the rows they declare:', () => {
  it('list and now', async () => {
    const { manager } = audit.dataSource;
    await room.patiently((retention) => retention.upkeep());
    const months = z.array(z.string().regex(/^\d{4}-\d{2}$/)).parse(await room.months.list(manager));
    expect(months).toContain(monthOf(new Date(room.clock.now())));
    expect(
      z
        .date()
        .parse(await room.months.now(manager))
        .getTime(),
    ).toBeGreaterThan(0);
  });
});
