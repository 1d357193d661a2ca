import { Client } from 'pg';
import { clientOptions, type ConnectionTarget } from './connection.js';

/**
 * Whether a pooler such as PgBouncer is between the service and PostgreSQL. A pooler invents the process id that a client
 * receives for cancelling, because the server's process changes; PostgreSQL sends the real one.
 * @throws the database's error
 */
export async function findsPooler(target: ConnectionTarget, timeoutMs: number): Promise<boolean> {
  const times = { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  const client = new Client({ ...clientOptions(target), ...times });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]?.pid !== (client as Client & { readonly processID?: number }).processID;
  } finally {
    await client.end();
  }
}
