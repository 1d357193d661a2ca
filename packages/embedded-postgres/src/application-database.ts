import { Client } from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** The address of a database and an account for it. `host` may be the folder of a Unix socket. */
export interface PostgresConnection {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

/**
 * Creates the database unless it exists; safe when several processes do so at once.
 * @returns the server's version, e.g. `18.4`
 * @throws EmbeddedPostgresError when the server refuses the connection
 */
export async function ensureDatabase(connection: PostgresConnection): Promise<string> {
  try {
    return await withClient({ ...connection, database: 'postgres' }, async (client) => {
      const { rows } = await client.query<{ version: string; present: boolean }>(
        `SELECT current_setting('server_version') AS version,
                EXISTS (SELECT FROM pg_database WHERE datname = $1) AS present`,
        [connection.database],
      );
      if (!rows[0]?.present) await createDatabase(client, connection.database);
      return rows[0]?.version ?? '';
    });
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL is running but refuses the connection (${(cause as Error).message}). ` +
        'See its log, postgres.log in the data folder.',
      { cause },
    );
  }
}

async function createDatabase(client: Client, name: string): Promise<void> {
  // Raw: there is no data source yet.
  await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`).catch((error: { code?: string }) => {
    // duplicate_database, or a unique violation in the catalog: another process created it first.
    if (error.code !== '42P04' && error.code !== '23505') throw error;
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
