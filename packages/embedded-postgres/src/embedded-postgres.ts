import { prepareDatabase, type PostgresConnection } from './application-database.js';
import { assertPackage, findBinaries, USE_YOUR_OWN } from './binaries.js';
import { ensureCluster, readPasswords } from './cluster.js';
import { openDataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { APPLICATION } from './roles.js';
import { Supervisor } from './supervisor.js';
import { chooseRunner } from './unprivileged.js';

export { EmbeddedPostgresError };
export type { PostgresConnection } from './application-database.js';

/** A running server that this process uses, alone or together with other processes. */
export interface EmbeddedPostgres {
  /**
   * `host` is the socket folder, or 127.0.0.1 where that folder's path is too long for a socket. The role owns the database
   * and is no superuser.
   */
  readonly connection: PostgresConnection;
  /** The absolute path of the data folder; the cluster is in its subfolder `postgres`. */
  readonly dataDir: string;
  /** Whether the server was already running, started by another process or an earlier call. */
  readonly joined: boolean;
  /** The server's version, e.g. `18.4`. */
  readonly version: string;
  /**
   * Stops using the server. While other processes use it, it keeps running; otherwise it shuts down in PostgreSQL's fast
   * mode (connections are closed, transactions rolled back), and the promise resolves when it has stopped. Idempotent.
   * A process that ends without this call, even by kill -9, stops using the server too.
   */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Created when missing. The cluster is in `<dataDir>/postgres`, its log in `<dataDir>/postgres.log`. */
  dataDir: string;
  /** PostgreSQL settings, as on its command line. A server that is already running keeps its own. */
  settings?: Record<string, string>;
  /** The time limit for the start, without the creation of a cluster, in milliseconds. Default 30,000. */
  startTimeoutMs?: number;
}

/**
 * Starts the PostgreSQL of the optional npm packages on a folder, or joins the server that is running there.
 *
 * Guarantees: at most one server runs on a folder, even when processes start at the same time; committed data survives a
 * kill -9 of any process; the server stops when the last process that uses it has ended.
 * @throws EmbeddedPostgresError with a message for the operator
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (cause) {
    if (cause instanceof EmbeddedPostgresError) throw cause;
    // All other errors are from the file system: a full disk, a folder of another account.
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot use ${options.dataDir} (${(cause as Error).message}). ` +
        `Fix that, or choose another DATA_DIR. ${USE_YOUR_OWN}`,
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
  const passwords = await readPasswords(folder, runner);
  const supervisor = new Supervisor(folder, binaries, runner, settings, startTimeoutMs);
  const { address, joined, lease } = await supervisor.run();
  const connection = {
    ...address,
    user: APPLICATION,
    password: passwords.application,
    database: APPLICATION,
  };
  try {
    const version = await prepareDatabase(address, passwords);
    return { connection, dataDir: folder.root, joined, version, stop: () => lease.release() };
  } catch (error) {
    await lease.release();
    throw error;
  }
}
