import type { DatabaseConfig } from '../config/config.js';
import type { Log } from '../kernel/log.js';
import { whenReachable, type ConnectionTarget } from './connection.js';
import { startEmbeddedPostgres } from '@latchkey/embedded-postgres';
import { KeptServer } from './kept-server.js';
import { findsPooler } from './pooler.js';

/** A database that starts beside the service (compose, a reboot) gets this long. */
export const DATABASE_WAIT_MS = 30_000;
/** Somebody waits for a command. */
const COMMAND_WAIT_MS = 5000;

export interface OpenDatabase {
  readonly target: ConnectionTarget;
  /** For the banner: where the data is, without any credential. */
  readonly description: string;
  /** Stops what `openDatabase` started; call it after the last connection is closed. */
  close(): Promise<void>;
}

/**
 * PostgreSQL at `DATABASE_URL`, once it can be reached, or the embedded server of `DATA_DIR`, started or joined, and
 * started again where it is killed.
 * @throws EmbeddedPostgresError with a message for a person where the embedded server cannot run here; the database's
 * error where that of the URL stays out of reach for `waitMs`
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
