import type { DatabaseConfig } from '../config/config.js';
import type { Log } from '../kernel/log.js';
import { whenReachable, type ConnectionTarget } from './connection.js';
import { startEmbeddedPostgres } from '@latchkey/embedded-postgres';
import { KeptServer } from './kept-server.js';
import { findsPooler } from './pooler.js';

/** How long a database that starts beside the service (compose, a reboot) may take. */
export const DATABASE_WAIT_MS = 30_000;
/** Commands are interactive and give up sooner. */
const COMMAND_WAIT_MS = 5000;

export interface OpenDatabase {
  readonly target: ConnectionTarget;
  /** For the banner: where the data is, without credentials. */
  readonly description: string;
  /** Stops the server that `openDatabase` started; call it after the last connection is closed. */
  close(): Promise<void>;
}

/**
 * Waits until PostgreSQL at `DATABASE_URL` can be reached, or starts or joins the embedded server of `DATA_DIR`, which is
 * restarted when it is killed.
 * @throws EmbeddedPostgresError with a message for people where the embedded server cannot run here; the database's error
 * where the server of the URL is unreachable for `waitMs`
 */
export async function openDatabase(
  config: DatabaseConfig,
  log: Log,
  waitMs = COMMAND_WAIT_MS,
): Promise<OpenDatabase> {
  const { url } = config;
  if (url !== undefined) {
    const { hostname, port, pathname } = new URL(url);
    const description = `PostgreSQL at ${hostname}${port && `:${port}`}${pathname}`;
    const pooled = await whenReachable(() => findsPooler({ url }, config.connectTimeoutMs), waitMs);
    return { target: { url, pooled }, description, close: async () => undefined };
  }
  const server = await startEmbeddedPostgres({ dataDir: config.dataDir });
  const kept = new KeptServer(server, config.dataDir, (error) => {
    if (error === undefined) log.warn('the embedded PostgreSQL was gone and runs again');
    else log.error({ err: error }, 'the embedded PostgreSQL is gone and could not be started');
  });
  const joined = server.joined ? ', shared with the process that started it' : '';
  return {
    target: server.connection,
    description: `embedded PostgreSQL ${server.version} in ${server.dataDir}${joined}`,
    close: () => kept.close(),
  };
}
