import { Client as Postgres } from 'pg';
import { loadConfig } from '../../src/platform/config/env.schema.js';
import { AuditKeys } from '../../src/seals/audit-keys.js';
import { nextSeal } from '../../src/seals/seal.js';
import type { TestTarget } from '../support/database/database.js';

/** Number of rows of each table. The database generates them, so that millions take minutes. */
export interface Rows {
  readonly users: number;
  readonly sessions?: number;
  /** Live revocations, of sessions that no request uses. */
  readonly revocations?: number;
  readonly events?: number;
}

type Run = (sql: string, values: unknown[]) => Promise<unknown>;

const FIRST_CREATED = Date.UTC(2020, 0, 1);
/** Session n belongs to user n times this factor, so that neighbouring sessions belong to distant users. */
const SCATTER = 7919;
const EVENTS_A_SEAL = 100;
const DAY = `interval '1 day'`;

/** A version 7 id with this time (an SQL expression in milliseconds), which the seed reproduces. */
const idOf = (milliseconds: string, seed: string): string =>
  `(lpad(to_hex(${milliseconds}), 12, '0') || '7' || substr(md5(${seed}), 1, 3) || '8' || substr(md5(${seed}), 4, 15))::uuid`;
const millisecondsOf = (time: string): string => `(extract(epoch FROM ${time}) * 1000)::bigint`;
const userId = (n: string): string => idOf(`${FIRST_CREATED} + (${n}) * 1000`, `'user' || (${n})`);

/**
 * Fills a migrated database. All users have this password hash; `-` if no user logs in. The last seal of the audit log is
 * signed under `secret`, so that a service with that secret seals on top of it.
 */
export async function fill(
  target: TestTarget,
  rows: Rows,
  passwordHash = '-',
  secret?: string,
): Promise<void> {
  const client = new Postgres(target);
  await client.connect();
  try {
    // Inserting is faster without indexes and foreign keys, which are created again afterwards.
    await client.query('SET session_replication_role = replica');
    await client.query(`SET maintenance_work_mem = '1GB'`);
    await fillUsers(client, rows.users, passwordHash);
    const { sessions = 0, revocations = 0, events = 0 } = rows;
    if (sessions > 0) await fillSessions(client, { users: rows.users, sessions });
    if (revocations > 0) await fillRevocations(client, revocations);
    if (events > 0) await fillEvents(client, { users: rows.users, events });
    if (events > 0 && secret !== undefined) await signLastSeal(client, secret);
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** Users created a second apart, with ids in the order of creation, like imported users. */
async function fillUsers(client: Postgres, users: number, passwordHash: string): Promise<void> {
  await withoutIndexes(client, 'users', async () => {
    await client.query(
      `INSERT INTO users (id, email, email_key, username, username_key, password_hash, created_at, updated_at)
       SELECT ${userId('n')}, name || '@example.com', name || '@example.com', name, name, $2, at, at
         FROM generate_series(1, $1::bigint) AS n,
              LATERAL (SELECT substr(md5('salt' || n), 1, 6) || '.' || n AS name,
                              to_timestamp(${FIRST_CREATED / 1000} + n) AS at) AS made`,
      [users, passwordHash],
    );
  });
  await withoutIndexes(client, 'user_roles', async () => {
    await client.query(`INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM users`);
  });
}

/** Sessions opened one after the other in the last thirty days; one in twenty has ended since. */
async function fillSessions(
  client: Postgres,
  { users, sessions }: { users: number; sessions: number },
): Promise<void> {
  await withoutIndexes(client, 'sessions', async () => {
    const opened = `now() - 30 * ${DAY} * (1 - n / ${sessions}.0)`;
    const user = userId(`1 + (n * ${SCATTER}) % ${users}`);
    const run: Run = (sql, values) => client.query(sql, values);
    await insertSessions(run, { count: sessions, opened, user, ended: 'n % 20 = 0' });
    // A user with many sessions.
    await insertSessions(run, { count: 20, opened: `now() - n * interval '1 minute'`, user: userId('1') });
  });
}

async function insertSessions(
  run: Run,
  { count, opened, user, ended = 'false' }: { count: number; opened: string; user: string; ended?: string },
): Promise<void> {
  await run(
    `INSERT INTO sessions (id, user_id, client_id, refresh_token_id, rotated_at, idle_expires_at, expires_at, created_at,
                           last_used_at, ip, user_agent, revoked_at, revoked_reason)
     SELECT ${idOf(millisecondsOf('at'), `'session' || n`)}, ${user}, 'first-party', gen_random_uuid(), at,
            at + 31 * ${DAY}, at + 31 * ${DAY}, at, at, '10.' || n % 200 || '.' || n / 200 % 200 || '.' || n % 251,
            'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
            CASE WHEN ${ended} THEN at + interval '1 hour' END, CASE WHEN ${ended} THEN 'logged out' END
       FROM generate_series(1, $1::bigint) AS n, LATERAL (SELECT ${opened} AS at) AS made`,
    [count],
  );
}

/** Revocations that live for a day, longer than a measurement. */
async function fillRevocations(client: Postgres, revocations: number): Promise<void> {
  await withoutIndexes(client, 'revocations', () =>
    insertRevocations((sql, values) => client.query(sql, values), revocations, DAY),
  );
}

async function insertRevocations(run: Run, count: number, life: string): Promise<void> {
  await run(
    `INSERT INTO revocations (id, kind, subject, cutoff, reason, actor, created_at, expires_at)
     SELECT gen_random_uuid(), 'session', gen_random_uuid()::text, now(), 'logged out', gen_random_uuid()::text, now(),
            now() + ${life} FROM generate_series(1, $1::bigint)`,
    [count],
  );
}

/** Adds sessions and revocations that expired two days ago, as if the clean-up had not run for a while. */
export async function addExpired(run: Run, count: number): Promise<void> {
  const opened = `now() - 33 * ${DAY} + n * interval '1 second'`;
  await insertSessions(run, { count, opened, user: userId('n') });
  await insertRevocations(run, count, `-2 * ${DAY}`);
}

/** Sealed audit events, all in the partition of the current month, as after a restore. */
async function fillEvents(
  client: Postgres,
  { users, events }: { users: number; events: number },
): Promise<void> {
  const { rows } = await client.query<{ name: string; bounds: string }>(
    `SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds FROM pg_class c
      WHERE c.relname = 'audit_events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')`,
  );
  const { name, bounds } = rows[0] ?? {};
  await client.query(`DROP TABLE ${name}`);
  await client.query(`CREATE TABLE ${name} (LIKE audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await client.query(
    `INSERT INTO ${name} (id, created_at, action, actor, subject_kind, subject, session_id, ip, user_agent, request_id,
                          details, signature, signed_by, era, transaction_id)
     SELECT ${idOf(millisecondsOf('at'), `'event' || n`)}, at,
            CASE WHEN n % 100000 = 0 THEN 'user.disabled' WHEN n % 3 = 0 THEN 'session.ended' ELSE 'session.started' END,
            who::text, 'session', md5('session' || n)::uuid::text, md5('session' || n)::uuid::text, '192.0.2.7',
            'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', md5(n::text),
            CASE WHEN n % 3 = 0 THEN '{"reason": "logged out"}'::jsonb END, sha256(n::text::bytea), 'generated', 0,
            n::text::xid8
       FROM generate_series(1, $1::bigint) AS n,
            LATERAL (SELECT date_trunc('month', now(), 'UTC')
                            + (now() - date_trunc('month', now(), 'UTC')) * (n / ${events}.0) AS at,
                            ${userId(`1 + (n * ${SCATTER}) % ${users}`)} AS who) AS made`,
    [events],
  );
  await client.query(`ALTER TABLE audit_events ATTACH PARTITION ${name} ${bounds}`);
  await client.query(
    `INSERT INTO audit_seals (number, era, from_transaction, to_transaction, month, event_count, event_ids, events_hash,
                              previous_hash, created_at, hash, signature, signed_by)
     SELECT n, 0, ((n - 1) * $2 + 1)::text::xid8, (n * $2 + 1)::text::xid8, to_char(now(), 'YYYY-MM'), $2,
            ARRAY(SELECT gen_random_uuid() FROM generate_series(1, $2 + 0 * n)), sha256('e' || n::text::bytea),
            sha256((n - 1)::text::bytea), now(), sha256(n::text::bytea), sha256(n::text::bytea), 'generated'
       FROM generate_series(1, $1::bigint) AS n`,
    [Math.floor(events / EVENTS_A_SEAL), EVENTS_A_SEAL],
  );
}

async function signLastSeal(client: Postgres, secret: string): Promise<void> {
  interface Last {
    readonly number: string;
    readonly from: string;
    readonly to: string;
    readonly month: string;
    readonly ids: string[];
    readonly events: Buffer;
    readonly previous: Buffer;
    readonly at: Date;
  }
  const { rows } = await client.query<Last>(
    `SELECT number, from_transaction::text AS from, to_transaction::text AS to, month, event_ids AS ids,
            events_hash AS events, previous_hash AS previous, created_at AS at
       FROM audit_seals ORDER BY number DESC LIMIT 1`,
  );
  const [last] = rows;
  if (!last) return;
  const { from, to, month, ids: eventIds, events: eventsHash, at: createdAt } = last;
  const content = { era: 0, from, to, month, eventIds, eventsHash, dropped: null, handover: null, createdAt };
  const before = { number: Number(last.number) - 1, hash: last.previous };
  const seal = nextSeal(before, content, AuditKeys.of(loadConfig({ SECRET_KEY: secret }).keys));
  await client.query('UPDATE audit_seals SET hash = $1, signature = $2, signed_by = $3 WHERE number = $4', [
    seal.hash,
    seal.signature,
    seal.signedBy,
    seal.number,
  ]);
}

/** Drops unique constraints and indexes, does the work, and creates them again. */
async function withoutIndexes(client: Postgres, table: string, work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ away: string; back: string }>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS away,
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS back
       FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'u'
      UNION ALL
     SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes
      WHERE tablename = $1::text AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)`,
    [table],
  );
  for (const { away } of rows) await client.query(away);
  await work();
  for (const { back } of rows) await client.query(back);
}
