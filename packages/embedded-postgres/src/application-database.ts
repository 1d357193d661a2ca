import { Client } from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** How to reach a database. `host` may be a folder that holds a Unix socket. */
export interface PostgresConnection {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

/**
 * Makes sure the database exists; several processes may do so at once.
 * @returns the server's version, e.g. `18.4`
 * @throws EmbeddedPostgresError when the server does not let this process in
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
      `The embedded PostgreSQL runs but does not let this process in (${(cause as Error).message}). ` +
        'Its log, postgres.log in the data folder, says why.',
      { cause },
    );
  }
}

async function createDatabase(client: Client, name: string): Promise<void> {
  // Raw: there is no data source yet.
  await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`).catch((error: { code?: string }) => {
    // duplicate_database, or a unique violation in the catalog: another process was faster.
    if (error.code !== '42P04' && error.code !== '23505') throw error;
  });
}

async function withClient<T>(
  connection: PostgresConnection,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  // `ssl` is named because pg would otherwise look at PGSSLMODE.
  const client = new Client({ ...connection, ssl: false, connectionTimeoutMillis: 10_000 });
  // A connection that breaks rejects the query under way as well; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
