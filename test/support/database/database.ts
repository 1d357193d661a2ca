import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Pool, type QueryResultRow } from 'pg';
import { migrate } from '../service/built.js';

const TEMPLATE = 'latchkey_template';
/** The service's role. */
const OWNER = 'latchkey';
const TEMPLATE_LOCK = 4711;
const POOL = { poolSize: 2, connectTimeoutMs: 10_000, statementTimeoutMs: 60_000 };

export interface TestTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface TestDatabase {
  readonly target: TestTarget;
  query<T extends QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]>;
  /**
   * Waits until all transactions in the databases of other tests are newer than the last commit here. The horizon of a
   * snapshot covers the whole server, so the feed and the audit log wait for those transactions too.
   */
  settled(): Promise<void>;
  /** Closes the connections, and removes the database unless other tests use it. */
  drop(): Promise<void>;
}

/** The server that global-setup.ts started for this run, as its superuser. */
export function testServer(): TestTarget {
  return published().superuser;
}

/** The service's own role, which is no superuser, on a database of the test server. */
export function asApplication(database: string): TestTarget {
  return { ...published().application, database };
}

function published(): { readonly application: TestTarget; readonly superuser: TestTarget } {
  const text = process.env['LATCHKEY_TEST_POSTGRES'];
  if (text === undefined) throw new Error('no PostgreSQL was started for this run');
  return JSON.parse(text) as ReturnType<typeof published>;
}

/** A new migrated database, copied from a template that the first caller of a run creates. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  await onServer((client) => copyTemplate(client, name));
  const database = open(asApplication(name));
  return {
    ...database,
    drop: async () => {
      await database.end();
      await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function copyTemplate(client: Client, name: string): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  await ensureTemplate(client);
  await client.query(`CREATE DATABASE ${name} OWNER ${OWNER} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
  await client.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
}

function open(target: TestTarget): Omit<TestDatabase, 'drop'> & { end(): Promise<void> } {
  const pool = new Pool({ ...target, max: 2 });
  pool.on('error', () => undefined);
  return {
    target,
    settled: () => onServer(settled, target.database),
    query: async (sql, values) => (await pool.query(sql, values)).rows as never,
    end: () => pool.end(),
  };
}

/**
 * The database of this Jest worker, emptied to its state after the migrations. Worker databases exist because copying
 * the template takes longer than most tests.
 */
export async function workerDatabase(): Promise<TestDatabase> {
  const name = `w_${process.env['JEST_WORKER_ID'] ?? '0'}`;
  const target = asApplication(name);
  await onServer(async (client) => {
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await copyTemplate(client, name);
  });
  const database = open(target);
  await onServer((client) => client.query(AS_MIGRATED), name);
  return { ...database, drop: () => database.end() };
}

/** Empties every table in any order, with foreign keys disabled, and restores the rows that the migrations insert. */
const AS_MIGRATED = `DO $$
  DECLARE name text;
  BEGIN
    SET LOCAL session_replication_role = replica;
    IF to_regnamespace('seeds') IS NULL THEN
      CREATE SCHEMA seeds;
      FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE seeds.%1$I AS TABLE public.%1$I', name);
      END LOOP;
    END IF;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'seeds' LOOP
      EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE TABLE seeds.%1$I', name);
    END LOOP;
  END $$`;

async function settled(client: Client): Promise<void> {
  const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
  const older = `SELECT 1 FROM pg_stat_activity WHERE datname IS DISTINCT FROM current_database()
                    AND backend_xid IS NOT NULL AND backend_xid::text::bigint < $1::bigint`;
  while ((await client.query(older, [rows[0]?.xid])).rowCount) await delay(5);
}

/** A new database without tables, for tests of migrations and of restores. */
export async function createEmptyDatabase(): Promise<TestDatabase & { readonly url: string }> {
  const name = `e_${randomBytes(8).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${name} OWNER ${OWNER}`));
  const target = asApplication(name);
  const database = open(target);
  return {
    ...database,
    url: urlOf(target),
    drop: async () => {
      await database.end();
      await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** The target as a `DATABASE_URL`; the host may be the folder of a Unix socket. */
export function urlOf({ host, port, user, password, database }: TestTarget): string {
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return host.startsWith('/')
    ? `postgresql://${credentials}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
    : `postgresql://${credentials}@${host}:${port}/${database}`;
}

async function ensureTemplate(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [TEMPLATE]);
  if (rowCount) return;
  await client.query(`CREATE DATABASE ${TEMPLATE} OWNER ${OWNER}`);
  await migrate(asApplication(TEMPLATE), POOL, { waitMs: 0 });
}

/** Runs `work` as the superuser. */
async function onServer<T>(work: (client: Client) => Promise<T>, database = 'postgres'): Promise<T> {
  const client = new Client({ ...testServer(), database });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
