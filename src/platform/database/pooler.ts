import { clientOptions, type ConnectionTarget } from './connection.js';
import { inheritedSettings, type InheritedSetting } from './inherited-settings.js';
import { PinnedClient } from './pinned-client.js';
import { startupSettings } from './session-settings.js';

/** Facts about a server, asked before the pool connects. */
export interface ServerFacts {
  /** Whether a pooler such as PgBouncer is in between. */
  readonly pooled: boolean;
  /** Such as `180004`. */
  readonly version: number;
  /** The encoding of the database, such as `UTF8`. */
  readonly encoding: string;
  /** Settings with unusual values that Latchkey's sessions will have. */
  readonly inherited: readonly InheritedSetting[];
}

/**
 * Asks a server for its {@link ServerFacts}. A pooler invents the process id that a client receives for cancelling,
 * because the server's process changes; PostgreSQL sends the real one.
 * @throws the database's error
 */
export async function inspectServer(target: ConnectionTarget, timeoutMs: number): Promise<ServerFacts> {
  const times = { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  // A pooler would refuse the settings that it does not track.
  const startup = startupSettings({ url: '', pooled: true });
  const client = new PinnedClient({ ...clientOptions(target), ...times, startup });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Raw: facts about the session and the server, which belong to no table.
    const { rows } = await client.query<{ pid: number; encoding: string; version: number }>(
      `SELECT pg_backend_pid() AS pid, current_setting('server_encoding') AS encoding,
              current_setting('server_version_num')::int AS version`,
    );
    const { pid = 0, encoding = '', version = 0 } = rows[0] ?? {};
    const pooled = pid !== (client as unknown as { readonly processID?: number }).processID;
    const found = await inheritedSettings(
      async (sql, values) => (await client.query<{ name: string; value: string }>(sql, values)).rows,
      pooled,
    );
    return { pooled, version, encoding, inherited: found.filter(({ overridden }) => !overridden) };
  } finally {
    await client.end();
  }
}

/** Whether a pooler is between the service and PostgreSQL. @throws the database's error */
export async function findsPooler(target: ConnectionTarget, timeoutMs: number): Promise<boolean> {
  return (await inspectServer(target, timeoutMs)).pooled;
}
