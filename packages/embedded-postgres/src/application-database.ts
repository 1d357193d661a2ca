import { Client } from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { handOver } from './hand-over.js';
import { APPLICATION, type Passwords, SUPERUSER } from './roles.js';

/** The address of a database and an account for it. `host` may be the folder of a Unix socket. */
export interface PostgresConnection {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

/**
 * Creates the application's role and its database unless they exist, and hands a cluster of a former version over, whose
 * application was the superuser. Safe when several processes do so at once, and repeatable.
 * @returns the server's version, e.g. `18.4`
 * @throws EmbeddedPostgresError when the server refuses the connection
 */
export async function prepareDatabase(
  { host, port }: Pick<PostgresConnection, 'host' | 'port'>,
  { application, superuser }: Passwords,
): Promise<string> {
  const asSuperuser = { host, port, user: SUPERUSER, password: superuser, database: 'postgres' };
  const asApplication = { host, port, user: APPLICATION, password: application, database: 'postgres' };
  try {
    const version = await withClient(asSuperuser, (client) => ensureApplication(client, application)).catch(
      (error: { code?: string }) => {
        if (error.code !== INVALID_PASSWORD) throw error;
      },
    );
    if (version !== undefined) return version;
    await withClient(asApplication, ensureDatabase);
    await withClient({ ...asApplication, database: APPLICATION }, (client) =>
      handOver(client, { application, superuser }),
    );
    return await withClient(asSuperuser, (client) => ensureApplication(client, application));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL is running but refuses the connection (${(cause as Error).message}). ` +
        'See its log, postgres.log in the data folder.',
      { cause },
    );
  }
}

/** The SQLSTATE of a wrong password and of a role that does not exist. */
const INVALID_PASSWORD = '28P01';
/** Duplicates that another process created first: an object, a database, a row of the catalog. */
const DUPLICATE: ReadonlySet<unknown> = new Set(['42710', '42P04', '23505']);

async function ensureApplication(client: Client, password: string): Promise<string> {
  const { rows } = await client.query<{ version: string; role: boolean }>(
    `SELECT current_setting('server_version') AS version,
            EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role`,
    [APPLICATION],
  );
  if (!rows[0]?.role) await createUnlessPresent(client, createRole(client, password));
  await ensureDatabase(client);
  return rows[0]?.version ?? '';
}

async function ensureDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [APPLICATION]);
  if (!rowCount) await createUnlessPresent(client, `CREATE DATABASE ${APPLICATION} OWNER ${APPLICATION}`);
}

function createRole(client: Client, password: string): string {
  return `CREATE ROLE ${APPLICATION} LOGIN PASSWORD ${client.escapeLiteral(password)}`;
}

async function createUnlessPresent(client: Client, statement: string): Promise<void> {
  await client.query(statement).catch((error: { code?: string }) => {
    if (!DUPLICATE.has(error.code)) throw error;
  });
}

async function withClient<T>(
  connection: PostgresConnection,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  // Without `ssl` pg would use the environment's PGSSLMODE.
  const client = new Client({ ...connection, ssl: false, connectionTimeoutMillis: 10_000 });
  // Without a listener the error of a broken connection would end the process. The running query rejects as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
