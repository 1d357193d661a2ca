import type { DatabaseConfig } from '../config/config.js';
import type { Log } from '../kernel/log.js';
import type { ConnectionTarget } from './connection.js';
import { startEmbeddedPostgres } from './embedded/embedded-postgres.js';
import { KeptServer } from './kept-server.js';

export interface OpenDatabase {
  readonly target: ConnectionTarget;
  /** For the banner: where the data is, without any credential. */
  readonly description: string;
  /** Stops what `openDatabase` started; call it after the last connection is closed. */
  close(): Promise<void>;
}

/**
 * PostgreSQL at `DATABASE_URL`, or the embedded server of `DATA_DIR`, started or joined, and started again where it is
 * killed.
 * @throws EmbeddedPostgresError with a message for a person where the embedded server cannot run here
 */
export async function openDatabase(config: DatabaseConfig, log: Log): Promise<OpenDatabase> {
  if (config.url !== undefined) {
    const { hostname, port, pathname } = new URL(config.url);
    const description = `PostgreSQL at ${hostname}${port && `:${port}`}${pathname}`;
    return { target: { url: config.url }, description, close: async () => undefined };
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
