import { ensureDatabase, type PostgresConnection } from './application-database.js';
import { assertPackage, findBinaries, USE_YOUR_OWN } from './binaries.js';
import { ensureCluster, readPassword, SUPERUSER } from './cluster.js';
import { openDataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { Supervisor } from './supervisor.js';
import { chooseRunner } from './unprivileged.js';

export { EmbeddedPostgresError };
export type { PostgresConnection } from './application-database.js';

/** A running server of this process, or one that this process shares. */
export interface EmbeddedPostgres {
  /** `host` is a socket folder, or 127.0.0.1 where the folder's path is too long for sockets. */
  readonly connection: PostgresConnection;
  /** The absolute data folder; the cluster is in its subfolder `postgres`. */
  readonly dataDir: string;
  /** The server was running already: another process, or an earlier call, had started it. */
  readonly joined: boolean;
  /** The server's version, e.g. `18.4`. */
  readonly version: string;
  /**
   * Gives the server up. The last user's call stops it (fast: open connections are ended, open transactions
   * rolled back) and resolves when it has stopped; while other processes use it, it runs on for them.
   * Idempotent. A process that ends without this call, however it ends, gives the server up as well.
   */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Made when missing. The cluster is in `<dataDir>/postgres`, its log in `<dataDir>/postgres.log`. */
  dataDir: string;
  /** PostgreSQL settings, as on its command line; they do not change a server that runs already. */
  settings?: Record<string, string>;
  /** How long the start, without the making of a new cluster, may take, in milliseconds. Default 30,000. */
  startTimeoutMs?: number;
}

/**
 * Starts the PostgreSQL of the optional npm packages on a folder, or joins the server that runs on it.
 *
 * Guarantees: one server at most runs on a folder, whichever processes start at the same time; what was
 * committed survives a kill -9 of any of them; the server stops when the last process that uses it has gone.
 * @throws EmbeddedPostgresError with a message for a person
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (cause) {
    if (cause instanceof EmbeddedPostgresError) throw cause;
    // What is left are refusals of the file system: a full disk, a folder of another account.
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot use ${options.dataDir} (${(cause as Error).message}). ` +
        `Mend that, or choose another DATA_DIR. ${USE_YOUR_OWN}`,
      { cause },
    );
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { settings = {}, startTimeoutMs = 30_000 } = options;
  assertPackage();
  const folder = await openDataFolder(options.dataDir);
  const binaries = await findBinaries(folder);
  const runner = await chooseRunner(folder, binaries);
  await ensureCluster(folder, binaries, runner, settings['fsync'] !== 'off');
  const password = await readPassword(folder);
  const supervisor = new Supervisor(folder, binaries, runner, settings, startTimeoutMs);
  const { address, joined, lease } = await supervisor.run();
  const connection = { ...address, user: SUPERUSER, password, database: SUPERUSER };
  try {
    const version = await ensureDatabase(connection);
    return { connection, dataDir: folder.root, joined, version, stop: () => lease.release() };
  } catch (error) {
    await lease.release();
    throw error;
  }
}
