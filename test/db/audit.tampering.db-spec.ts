import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addMonths } from '../../src/audit/audit.retention.js';
import { nextSeal, type Checkpoint, type Seal } from '../../src/seals/seal.js';
import { AuditDatabase, AuditRoom } from '../support/database/audit-room.js';
import { newSecret } from '../support/service/server.js';

/** Attacks a run; a failure prints the seed and the smallest attack that is not found. */
const RUNS = Number(process.env['AUDIT_ATTACKS'] ?? 50);
const SEED = Number(process.env['AUDIT_SEED'] ?? 20_261_125);

const [former, secret] = [newSecret(), newSecret()];
const instance = (): AuditRoom => new AuditRoom(audit.dataSource, { secret, previousSecrets: [former] });

let audit: AuditDatabase;
let room: AuditRoom;
let intact: Snapshot;
let checkpoint: Checkpoint;

/** Both tables, row by row. */
interface Snapshot {
  readonly events: readonly string[];
  readonly seals: readonly string[];
}

async function snapshot(): Promise<Snapshot> {
  const rowsOf = async (table: string): Promise<string[]> => {
    const rows = await audit.database.query<{ row: string }>(
      `SELECT to_json(t)::text AS row FROM ${table} t`,
    );
    return rows.map(({ row }) => row).sort();
  };
  return { events: await rowsOf('audit_events'), seals: await rowsOf('audit_seals') };
}

/** A log with a dropped month, a handover, and seals before and after each; without the constraints of its tables. */
beforeAll(async () => {
  audit = await AuditDatabase.create();
  const old = new AuditRoom(audit.dataSource, { secret: former });
  room = instance();
  const month = new Date().toISOString().slice(0, 7);
  const before = addMonths(month, -1);
  await old.transactions.run(async ({ manager }) => {
    await old.months.create(manager, before);
    await old.months.attach(manager, before, month);
  });
  const now = old.clock.now();
  old.clock.move(Date.parse(`${before}-15T00:00:00Z`) - now);
  await seals(old, 1);
  old.clock.move(now - old.clock.now());
  await seals(old, 2);
  await old.patiently((retention) => retention.dropBefore(month));
  // Deletes the seals of the dropped month.
  await old.patiently((retention) => retention.upkeep());
  await room.record(2);
  await room.takeOver();
  await seals(room, 3);
  await audit.database.query(`
    ALTER TABLE audit_seals DROP CONSTRAINT pk_audit_seals, DROP CONSTRAINT uq_audit_seals_previous_hash,
      DROP CONSTRAINT ck_audit_seals_range, DROP CONSTRAINT ck_audit_seals_count, DROP CONSTRAINT ck_audit_seals_kind;
    ALTER TABLE audit_events DROP CONSTRAINT pk_audit_events, DROP CONSTRAINT ck_audit_events_created_at`);
  for (const [table, columns] of Object.entries(COLUMNS)) {
    for (const column of Object.keys(columns)) {
      await audit.database.query(`ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`);
    }
  }
  await audit.database.query('CREATE TABLE kept_events AS SELECT * FROM audit_events');
  await audit.database.query('CREATE TABLE kept_seals AS SELECT * FROM audit_seals');
  intact = await snapshot();
  const verified = await room.verifier.verify();
  expect(verified).toMatchObject({ fault: null, unsealed: 0 });
  if (!verified.checkpoint) throw new Error('no checkpoint');
  ({ checkpoint } = verified);
}, 60_000);
afterAll(() => audit.drop());

async function seals(of: AuditRoom, count: number): Promise<void> {
  for (let seal = 0; seal < count; seal++) {
    await of.record(3);
    await of.seal();
  }
}

async function restore(): Promise<void> {
  await audit.database.query(`
    TRUNCATE audit_events, audit_seals;
    INSERT INTO audit_events SELECT * FROM kept_events;
    INSERT INTO audit_seals SELECT * FROM kept_seals`);
}

/** What an intruder writes into a column, by its type. `other` is the same column of another row. */
const VALUES = {
  text: [`'eve'`, `'2099-01'`, 'NULL', 'other'],
  uuid: ['gen_random_uuid()', 'NULL', 'other'],
  time: [
    `created_at - interval '1 second'`,
    `created_at - interval '400 days'`,
    `'infinity'`,
    'NULL',
    'other',
  ],
  integer: ['0', '1', '-1', '7', 'NULL', 'other'],
  number: ['0', '-1', 'number + 1', '100', '999999999999999999', 'NULL', 'other'],
  bytes: [`'\\x'`, `sha256('eve')`, 'NULL', 'other'],
  position: [
    `'0'::xid8`,
    `'3'::xid8`,
    'pg_current_xact_id()',
    `'18446744073709551615'::xid8`,
    'NULL',
    'other',
  ],
  ids: [`'{}'`, 'event_ids[2:]', 'event_ids || event_ids', 'ARRAY[NULL]::uuid[]', 'NULL', 'other'],
  json: [`'{"version": 3}'`, `'[]'`, 'NULL'],
} as const;

const COLUMNS: Readonly<Record<string, Readonly<Record<string, keyof typeof VALUES>>>> = {
  audit_events: {
    id: 'uuid',
    created_at: 'time',
    action: 'text',
    actor: 'text',
    subject_kind: 'text',
    subject: 'text',
    session_id: 'text',
    ip: 'text',
    user_agent: 'text',
    request_id: 'text',
    details: 'json',
    signature: 'bytes',
    signed_by: 'text',
    era: 'integer',
    transaction_id: 'position',
  },
  audit_seals: {
    number: 'number',
    era: 'integer',
    from_transaction: 'position',
    to_transaction: 'position',
    month: 'text',
    event_count: 'integer',
    event_ids: 'ids',
    events_hash: 'bytes',
    dropped_through: 'number',
    dropped_hash: 'bytes',
    dropped_before: 'text',
    previous_hash: 'bytes',
    created_at: 'time',
    hash: 'bytes',
    signature: 'bytes',
    signed_by: 'text',
    handover_from: 'text',
    handover_key: 'bytes',
    handover_signature: 'bytes',
  },
};

const ORDER = { audit_events: 'era, transaction_id, id', audit_seals: 'number' } as const;
type Table = keyof typeof ORDER;

const place = fc.nat({ max: 30 });
const table = fc.constantFrom<Table>('audit_events', 'audit_seals');
const change = table.chain((name) =>
  fc.constantFrom(...Object.entries(COLUMNS[name] ?? {})).chain(([column, type]) =>
    fc.record({
      kind: fc.constant('edit' as const),
      table: fc.constant(name),
      row: place,
      other: place,
      column: fc.constant(column),
      value: fc.constantFrom<string>(...VALUES[type]),
      asCopy: fc.boolean(),
    }),
  ),
);
const attack = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: change },
    fc.record({ kind: fc.constant('delete' as const), table, row: place }),
    fc.record({ kind: fc.constant('swap' as const), row: place, other: place }),
    fc.record({ kind: fc.constant('cut' as const), row: place, withEvents: fc.boolean() }),
    fc.record({
      kind: fc.constant('invent' as const),
      /** The seals after this one are replaced; none where it is the last. */
      row: place,
      count: fc.integer({ min: 1, max: 2 }),
      as: fc.constantFrom('seal', 'drop', 'handover', 'copy'),
      signedBy: fc.constantFrom('intruder', 'current', 'former', 'made-up'),
    }),
  ),
  { minLength: 1, maxLength: 3 },
);
type Step = typeof attack extends fc.Arbitrary<Array<infer One>> ? One : never;

const nth = (name: Table, row: number): string =>
  `(SELECT tableoid::text || ctid::text FROM ${name} ORDER BY ${ORDER[name]}
     OFFSET (SELECT ${row} % greatest(count(*), 1) FROM ${name}) LIMIT 1)`;
const at = (name: Table, row: number): string => `tableoid::text || ctid::text = ${nth(name, row)}`;

/** An intruder has every right in the database, and knows everything but the secrets. */
async function perform(step: Step): Promise<void> {
  const query = (sql: string): Promise<unknown> => audit.database.query(sql);
  switch (step.kind) {
    case 'edit': {
      const { column, asCopy, row } = step;
      if (asCopy) await copyRow(step.table, row);
      const value =
        step.value === 'other'
          ? `(SELECT ${column} FROM ${step.table} WHERE ${at(step.table, step.other)})`
          : step.value;
      await query(`UPDATE ${step.table} SET ${column} = ${value} WHERE ${at(step.table, row)}`);
      return;
    }
    case 'delete':
      await query(`DELETE FROM ${step.table} WHERE ${at(step.table, step.row)}`);
      return;
    case 'swap':
      await query(`
        WITH pair AS (SELECT tableoid::text || ctid::text AS place, era, transaction_id FROM audit_events
                       WHERE ${at('audit_events', step.row)} OR ${at('audit_events', step.other)})
        UPDATE audit_events e SET era = p.era, transaction_id = p.transaction_id FROM pair p
         WHERE e.tableoid::text || e.ctid::text IN (SELECT place FROM pair)
           AND e.tableoid::text || e.ctid::text <> p.place`);
      return;
    case 'cut':
      await query(
        `DELETE FROM audit_seals WHERE number > (SELECT number FROM audit_seals WHERE ${at('audit_seals', step.row)})`,
      );
      if (!step.withEvents) return;
      await query('DELETE FROM audit_events WHERE id NOT IN (SELECT unnest(event_ids) FROM audit_seals)');
      return;
    case 'invent':
      await invent(step);
  }
}

async function copyRow(name: Table, row: number): Promise<void> {
  const columns = Object.keys(COLUMNS[name] ?? {}).join(', ');
  await audit.database.query(
    `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM ${name} WHERE ${at(name, row)}`,
  );
}

/** Replaces the end of the chain by seals whose hashes are right and whose signatures are not. */
async function invent(step: Extract<Step, { kind: 'invent' }>): Promise<void> {
  const intruder = new AuditRoom(audit.dataSource, { secret: newSecret(), previousSecrets: [newSecret()] });
  const { manager } = audit.dataSource;
  const chain = await intruder.seals.page(manager, 0, 100);
  const end = chain[step.row % chain.length];
  if (!end) return;
  await audit.database.query('DELETE FROM audit_seals WHERE number > $1', [end.number]);
  let previous: Seal = end;
  for (let count = 0; count < step.count; count++) {
    const none = { month: null, eventIds: [], dropped: null, handover: null, createdAt: new Date() };
    const blank = { ...end, ...none, from: previous.to, to: previous.to };
    const contents = {
      copy: { ...end, handover: null, from: previous.to, to: previous.to },
      seal: { ...end, handover: null, from: previous.to, to: (BigInt(previous.to) + 5n).toString() },
      drop: { ...blank, dropped: { through: end.number, hash: end.hash, before: '2099-01' } },
      handover: { ...blank, handover: intruder.keys.handover(intruder.keys.previousIds[0] ?? '') },
    };
    const seal = nextSeal(previous, contents[step.as], intruder.keys);
    const names = {
      intruder: intruder.keys.currentId,
      current: room.keys.currentId,
      former: room.keys.previousIds[0] ?? '',
      'made-up': 'somebody',
    };
    previous = { ...seal, signedBy: names[step.signedBy] };
    await intruder.seals.insert(manager, previous);
  }
  if (step.as === 'drop') await audit.database.query('TRUNCATE audit_events');
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((row, index) => row === others[index]);
}

function byNumber(rows: readonly string[]): string[] {
  const numberOf = (row: string): number => (JSON.parse(row) as { number: number }).number;
  return [...rows].sort((one, other) => numberOf(one) - numberOf(other));
}

describe('a change of the audit log by an intruder without the secret', () => {
  it('is found after the service has gone on, unless only the end was cut and no checkpoint was kept', async () => {
    await fc.assert(
      fc.asyncProperty(attack, async (steps) => {
        await restore();
        const running = instance();
        await running.chain.follow(audit.dataSource.manager);
        for (const step of steps) {
          // A statement that fails changes nothing.
          await perform(step).catch(() => undefined);
        }
        const changed = await snapshot();
        fc.pre(!isSame(changed.events, intact.events) || !isSame(changed.seals, intact.seals));
        // Only a chain whose end was cut off can look whole to the database alone.
        const kept = byNumber(intact.seals).slice(0, changed.seals.length);
        const isCut = kept.length < intact.seals.length && isSame(byNumber(changed.seals), kept);
        for (const going of [running, instance()]) {
          await going.record(1).catch(() => undefined);
          await going.sealer.seal();
        }
        expect((await room.verifier.verify(checkpoint)).fault).not.toBeNull();
        if (!isCut) expect((await room.verifier.verify()).fault).not.toBeNull();
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: false },
    );
  }, 120_000);
});
