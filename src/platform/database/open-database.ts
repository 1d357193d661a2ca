import type { DatabaseConfig } from '../config/config.js';
import type { Log } from '../kernel/log.js';
import { whenReachable, type ConnectionTarget } from './connection.js';
import { startEmbeddedPostgres } from '@latchkey/embedded-postgres';
import { KeptServer } from './kept-server.js';
import { assertUtf8, databaseSettingFault } from './database-fault.js';
import { inspectServer } from './pooler.js';

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
 * where the server of the URL is unreachable for `waitMs`; ConfigError for a certificate, or an encoding other than UTF8
 */
export async function openDatabase(
  config: DatabaseConfig,
  log: Log,
  waitMs = COMMAND_WAIT_MS,
): Promise<OpenDatabase> {
  if (config.url !== undefined) return openServer(config.url, config.connectTimeoutMs, log, waitMs);
  const server = await startEmbeddedPostgres({ dataDir: config.dataDir });
  const kept = new KeptServer(server, config.dataDir, (error) => {
    if (error === undefined) log.warn('the embedded PostgreSQL was gone and runs again');
    else log.error({ err: error }, 'the embedded PostgreSQL is gone and could not be started');
  });
  const joined = server.joined ? ', shared with the process that started it' : '';
  return {
    target: { ...server.connection, version: Number(server.version.split('.', 1)[0]) * 10_000 },
    description: `embedded PostgreSQL ${server.version} in ${server.dataDir}${joined}`,
    close: () => kept.close(),
  };
}

async function openServer(url: string, timeoutMs: number, log: Log, waitMs: number): Promise<OpenDatabase> {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const description = `PostgreSQL at ${hostname}${port && `:${port}`}${pathname}`;
  const place = `${searchParams.get('host') ?? hostname}:${searchParams.get('port') ?? (port || '5432')}`;
  const onWait = (error: unknown): void => {
    const { code } = (error ?? {}) as { code?: unknown };
    log.warn(`waiting for ${place} (${typeof code === 'string' ? code : 'no answer'})`);
  };
  try {
    const facts = await whenReachable(() => inspectServer({ url }, timeoutMs), waitMs, onWait);
    assertUtf8(facts.encoding, decodeURIComponent(pathname.slice(1)));
    for (const { name, value } of facts.inherited) {
      log.warn({ setting: name, value }, 'sessions inherit an unusual setting from the database or the role');
    }
    const { pooled, version } = facts;
    return { target: { url, pooled, version }, description, close: async () => undefined };
  } catch (error) {
    throw databaseSettingFault(error) ?? error;
  }
}
