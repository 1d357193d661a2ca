import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditFaultKind } from '../../src/seals/seal-faults.js';
import { nextSeal, sealHash } from '../../src/seals/seal.js';
import { AuditDatabase, AuditRoom } from '../support/database/audit-room.js';
import { newSecret } from '../support/service/server.js';

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

describe('verifying', () => {
  const nth = (index: number) =>
    `(SELECT id FROM audit_events ORDER BY era, transaction_id, id OFFSET ${index} LIMIT 1)`;
  const copy = (position: string) => `
    INSERT INTO audit_events (id, created_at, action, actor, subject_kind, subject, details, signature, signed_by, era,
                              transaction_id)
    SELECT gen_random_uuid(), created_at, action, actor, subject_kind, subject, details, signature, signed_by, era,
           ${position} FROM audit_events WHERE id = ${nth(4)}`;

  const CASES: ReadonlyArray<readonly [what: string, AuditFaultKind, sql: string]> = [
    ['an edited event', 'event_edited', `UPDATE audit_events SET actor = 'eve' WHERE id = ${nth(4)}`],
    [
      'edited details',
      'event_edited',
      `UPDATE audit_events SET details = details || '{"version": 3}' WHERE id = ${nth(4)}`,
    ],
    [
      'an event set to an earlier month',
      'event_edited',
      `UPDATE audit_events SET created_at = created_at - interval '40 days' WHERE id = ${nth(4)}`,
    ],
    [
      'an event with another signature',
      'event_edited',
      `UPDATE audit_events SET signature = '\\x00' WHERE id = ${nth(4)}`,
    ],
    ['the first event removed', 'event_missing', `DELETE FROM audit_events WHERE id = ${nth(0)}`],
    ['an event removed', 'event_missing', `DELETE FROM audit_events WHERE id = ${nth(4)}`],
    ['the last event removed', 'event_missing', `DELETE FROM audit_events WHERE id = ${nth(8)}`],
    ['all events removed', 'event_missing', 'TRUNCATE audit_events'],
    ['an event added among sealed ones', 'event_added', copy('transaction_id')],
    ['an event added before all others', 'event_added', copy(`'3'::xid8`)],
    ['a back-dated event added now', 'event_forged', copy('pg_current_xact_id()')],
    [
      'an event given another id',
      'event_missing',
      `UPDATE audit_events SET id = gen_random_uuid() WHERE id = ${nth(4)}`,
    ],
    [
      'two events in each other’s place',
      'event_reordered',
      `UPDATE audit_events e SET transaction_id = o.transaction_id FROM audit_events o
        WHERE (e.id = ${nth(3)} AND o.id = ${nth(5)}) OR (e.id = ${nth(5)} AND o.id = ${nth(3)})`,
    ],
    [
      'an event moved behind the seals',
      'event_missing',
      `UPDATE audit_events SET transaction_id = pg_current_xact_id() WHERE id = ${nth(4)}`,
    ],
    [
      'an event moved to where no seal comes',
      'event_missing',
      `UPDATE audit_events SET era = 9 WHERE id = ${nth(4)}`,
    ],
    ['the first seal removed', 'seal_missing', 'DELETE FROM audit_seals WHERE number = 1'],
    ['a seal removed', 'seal_missing', 'DELETE FROM audit_seals WHERE number = 2'],
    [
      'a seal removed and the rest numbered anew',
      'seal_broken',
      'DELETE FROM audit_seals WHERE number = 2; UPDATE audit_seals SET number = 2 WHERE number = 3',
    ],
    [
      'an event removed with its place in the seal',
      'seal_broken',
      `UPDATE audit_seals SET event_ids = event_ids[2:], event_count = event_count - 1 WHERE number = 2;
       DELETE FROM audit_events WHERE id = ${nth(3)}`,
    ],
    [
      'a seal of another time',
      'seal_broken',
      `UPDATE audit_seals SET created_at = created_at - interval '1 day' WHERE number = 2`,
    ],
    [
      'an event under a made-up key that a seal outside the chain vouches for',
      'seal_broken',
      `${copy('pg_current_xact_id()')}; UPDATE audit_events SET signed_by = 'eve' WHERE id = ${nth(9)};
       INSERT INTO audit_seals SELECT 0, era, from_transaction, to_transaction, month, event_count, event_ids,
         events_hash, NULL, NULL, NULL, sha256(hash), created_at, hash, signature, 'eve', NULL, NULL, NULL
         FROM audit_seals WHERE number = 3`,
    ],
    [
      'a seal with a made-up signature',
      'seal_signature',
      `UPDATE audit_seals SET signature = sha256(hash) WHERE number = 3`,
    ],
  ];

  async function threeSeals(): Promise<void> {
    for (let seal = 0; seal < 3; seal++) {
      await room.record(3);
      await room.seal();
    }
  }

  it('reports no fault in an intact log', async () => {
    expect(await room.verifier.verify()).toMatchObject({ fault: null, checkpoint: null });
    await threeSeals();
    await room.record(2);
    expect(await room.verifier.verify()).toMatchObject({
      fault: null,
      seals: 3,
      events: 9,
      unsealed: 2,
      checkpoint: { number: 3 },
    });
  });

  it.each(CASES)('finds %s (%s)', async (_, kind, sql) => {
    await threeSeals();
    expect(await room.verdict()).toBe('whole');
    await audit.database.query(sql);
    expect(await room.verdict()).toBe(kind);
    // The fault is still found after this instance and one that has just started have sealed more events.
    for (const instance of [room, new AuditRoom(audit.dataSource, { secret })]) {
      await instance.record(1);
      await instance.seal();
      expect(await room.verdict()).toBe(kind);
    }
  });

  it('names the event and its seal', async () => {
    await threeSeals();
    const event = (await audit.ids())[4];
    await audit.database.query('DELETE FROM audit_events WHERE id = $1', [event]);
    expect((await room.verifier.verify()).fault).toMatchObject({ kind: 'event_missing', seal: 2, event });
  });

  it('finds an event that was edited before it was sealed', async () => {
    await room.record(2);
    await audit.database.query(`UPDATE audit_events SET actor = 'eve' WHERE id = ${nth(0)}`);
    expect(await room.verdict()).toBe('event_forged');
    await room.seal();
    expect(await room.verdict()).toBe('event_forged');
  });

  it('finds seals made without the key, whatever key they name', async () => {
    await threeSeals();
    const [, , seal] = await room.seals.page(audit.dataSource.manager, 0, 3);
    if (!seal) throw new Error('no seal');
    for (const [signedBy, kind] of [
      [seal.signedBy, 'seal_signature'],
      ['somebody', 'seal_key'],
    ] as const) {
      const forged = { ...seal, createdAt: new Date(seal.createdAt.getTime() - 60_000), signedBy };
      await audit.database.query(
        `UPDATE audit_seals SET created_at = $1, hash = $2, signed_by = $3 WHERE number = 3`,
        [forged.createdAt, sealHash(forged), signedBy],
      );
      expect(await room.verdict()).toBe(kind);
    }
  });

  it('finds a seal of another history of the same log', async () => {
    await threeSeals();
    const [first, second] = await room.seals.page(audit.dataSource.manager, 0, 2);
    if (!first || !second) throw new Error('no seals');
    const again = nextSeal(first, { ...second, createdAt: new Date(room.clock.now() + 1) }, room.keys);
    await audit.database.query('DELETE FROM audit_seals WHERE number = 2');
    await room.seals.insert(audit.dataSource.manager, again);
    expect((await room.verifier.verify()).fault).toMatchObject({ kind: 'seal_broken', seal: 3 });
  });

  it('finds a cut-off end by a checkpoint kept elsewhere', async () => {
    await threeSeals();
    const { checkpoint } = await room.verifier.verify();
    if (!checkpoint) throw new Error('no checkpoint');
    expect(await room.verdict(checkpoint)).toBe('whole');
    await audit.database.query('DELETE FROM audit_seals WHERE number > 1');
    await audit.database.query('DELETE FROM audit_events WHERE id <> ALL($1)', [
      (await audit.ids()).slice(0, 3),
    ]);
    expect(await room.verdict()).toBe('whole');
    expect(await room.verdict(checkpoint)).toBe('checkpoint');
    // The instance that has seen the end seals nothing on top. One that has just started cannot know.
    await room.record(3);
    expect(await room.seal()).toBe(0);
    expect(room.chain.alarm).toMatchObject({ kind: 'seal_missing', seal: 3 });
    const restarted = new AuditRoom(audit.dataSource, { secret });
    for (let seal = 0; seal < 2; seal++) {
      await restarted.record(3);
      await restarted.seal();
    }
    expect(await room.verdict()).toBe('whole');
    expect(await room.verdict(checkpoint)).toBe('checkpoint');
  });
});
