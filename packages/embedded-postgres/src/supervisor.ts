import { chmod, mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.js';
import { restrictToOwner } from './cluster.js';
import type { DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { JoinedLease, type Lease, StarterLease } from './lease.js';
import { isServerOf, type PostmasterFile, readPostmasterFile } from './postmaster-file.js';
import { ServerLog } from './server-log.js';
import type { Runner } from './unprivileged.js';
import { type ServerAddress, type ServerCommand, spawnWatchdog, type WatchdogPlan } from './watchdog.js';

/** A server that accepts connections, and this process's lease on it. */
export interface RunningServer {
  readonly address: ServerAddress;
  readonly joined: boolean;
  readonly lease: Lease;
}

/** A little below the longest socket path of every system (macOS: 103 bytes, Linux: 107). */
const MAX_SOCKET_PATH_BYTES = 100;
/** A server without a published watchdog for this long has lost its watchdog, in milliseconds. */
const UNWATCHED_MS = 1000;
/** How often a start is tried that fails because of another start or the remains of a crash. */
const ATTEMPTS = 5;
const TIMEOUT = Symbol('the deadline has passed');

/** Starts the cluster's server, or joins the running one. At most one server runs on a cluster. */
export class Supervisor {
  private readonly deadline: number;
  private unwatched = { pid: 0, since: 0 };
  private failures = 0;

  constructor(
    private readonly folder: DataFolder,
    private readonly binaries: Binaries,
    private readonly runner: Runner,
    private readonly settings: Readonly<Record<string, string>>,
    private readonly timeoutMs: number,
  ) {
    this.deadline = Date.now() + timeoutMs;
  }

  /** @throws EmbeddedPostgresError when the server does not start, or not in time */
  async run(): Promise<RunningServer> {
    await this.prepare();
    for (;;) {
      const running = (await this.join()) ?? (await this.adoptOrStart());
      if (running) return running;
      await this.pause(20);
    }
  }

  private async prepare(): Promise<void> {
    await mkdir(this.folder.run, { recursive: true, mode: 0o700 });
    await chmod(this.folder.run, 0o700);
    await this.runner.give(this.folder.run);
    await restrictToOwner(this.folder);
  }

  private async join(): Promise<RunningServer | undefined> {
    const lease = await JoinedLease.take(this.folder.state);
    if (!lease) return undefined;
    while (lease.held) {
      const file = await readPostmasterFile(this.folder.cluster);
      if (file?.status === 'ready') return { address: lease.address, joined: true, lease };
      await this.pause(10, () => lease.release());
    }
    return undefined;
  }

  private async adoptOrStart(): Promise<RunningServer | undefined> {
    const file = await readPostmasterFile(this.folder.cluster);
    if (!file || !(await isServerOf(this.folder.cluster, file.pid))) return this.start(file);
    // A server is briefly without a watchdog when it starts and when it stops. Wait until that is over.
    if (file.pid !== this.unwatched.pid) this.unwatched = { pid: file.pid, since: Date.now() };
    if (file.status !== 'ready' || Date.now() - this.unwatched.since < UNWATCHED_MS) return undefined;
    const address = { host: file.host, port: file.port };
    const log = await ServerLog.begin(this.folder.log);
    const lease = this.watch(file.pid, address, log);
    const failed = await lease.untilReady().catch((error: Error) => error);
    return failed ? undefined : { address, joined: true, lease };
  }

  /** @param stale a lock file whose process id is not a server of this cluster */
  private async start(stale: PostmasterFile | undefined): Promise<RunningServer | undefined> {
    const log = await ServerLog.begin(this.folder.log);
    const address = await this.chooseAddress();
    const lease = this.watch(this.serverCommand(address, stale), address, log);
    const late = sleep(this.deadline - Date.now(), TIMEOUT, { ref: false });
    const failed: unknown = await Promise.race([lease.untilReady(), late]).catch((error: Error) => error);
    if (!failed) return { address, joined: false, lease };
    if (failed !== TIMEOUT) return this.lostOrFailed(failed as Error, log);
    await lease.release();
    throw await this.tooLate(log);
  }

  private serverCommand(address: ServerAddress, stale: PostmasterFile | undefined): ServerCommand {
    const { uid, gid } = this.runner;
    const { cluster } = this.folder;
    const settings = { ...this.ownSettings(address), ...this.settings };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // PostgreSQL ignores a lock file with the process id of its grandparent. Naming the id of the stale file there makes
    // PostgreSQL replace the file itself; removing it here could remove that of a server that has just started.
    const grandparent: Record<string, string> = stale ? { PG_GRANDPARENT_PID: String(stale.pid) } : {};
    const env = { ...this.binaries.environment, ...grandparent };
    return { file: this.binaries.postgres, args: ['-D', cluster, ...options], cwd: cluster, env, uid, gid };
  }

  private ownSettings({ host, port }: ServerAddress): Record<string, string> {
    const sockets = host === this.folder.run;
    return {
      port: String(port),
      listen_addresses: sockets ? '' : host,
      // Quoted, because a folder's name may contain a comma.
      unix_socket_directories: sockets ? `"${host.replaceAll('"', '""')}"` : '',
      unix_socket_permissions: '0700',
      max_connections: '110',
      shared_buffers: '64MB',
      // The default runs three I/O worker processes, which a small database does not need.
      io_method: 'sync',
      // Saves a process; nothing is replicated.
      max_logical_replication_workers: '0',
      log_checkpoints: 'off',
      // Keeps data out of the log, such as the address in the detail of a duplicate-key error.
      log_min_error_statement: 'panic',
      log_error_verbosity: 'terse',
    };
  }

  /** The socket folder, which only its owner can enter; the loopback interface where sockets are not available. */
  private async chooseAddress(): Promise<ServerAddress> {
    const tooLong = Buffer.byteLength(join(this.folder.run, '.s.PGSQL.5432')) > MAX_SOCKET_PATH_BYTES;
    if (process.platform !== 'win32' && !tooLong) return { host: this.folder.run, port: 5432 };
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    return { host: '127.0.0.1', port };
  }

  private watch(server: ServerCommand | number, address: ServerAddress, log: ServerLog): StarterLease {
    const { cluster, run, state } = this.folder;
    const stop = [this.binaries.pgCtl, 'stop', '-D', cluster, '-m', 'fast', '-W'];
    const plan: Omit<WatchdogPlan, 'server'> = {
      lockFile: join(cluster, 'postmaster.pid'),
      stateFile: state,
      listen: address.host === run ? { path: join(run, 'watchdog') } : { host: '127.0.0.1', port: 0 },
      address,
      stopCommand: process.platform === 'win32' ? stop : undefined,
    };
    const watchdog = (of: ServerCommand | number) =>
      log.appending((descriptor) => spawnWatchdog({ ...plan, server: of }, descriptor));
    return new StarterLease(watchdog(server), watchdog, () => this.runningPid());
  }

  private async runningPid(): Promise<number | undefined> {
    const file = await readPostmasterFile(this.folder.cluster);
    return file && (await isServerOf(this.folder.cluster, file.pid)) ? file.pid : undefined;
  }

  /** Handles a server that ended early. When another process started one first, the next round joins that. */
  private async lostOrFailed(reason: Error, log: ServerLog): Promise<undefined> {
    const lines = await log.relevantLines();
    if (await this.runningPid()) return undefined;
    // The last processes of a crashed server hold its lock files, or another program took the port.
    const isTemporary = /lock file|shared memory|could not bind|Address already in use/.test(lines);
    this.failures += 1;
    if (!isTemporary || this.failures >= ATTEMPTS) throw await this.failure(reason, log);
    await this.pause(100);
  }

  private async failure(reason: Error, log: ServerLog): Promise<EmbeddedPostgresError> {
    const lines = await log.relevantLines();
    return new EmbeddedPostgresError(
      `The embedded PostgreSQL did not start (${reason.message}).` +
        (lines ? ` Its log says:\n${lines}\n` : ' ') +
        `The whole log is in ${this.folder.log}. Fix what it names, or set DATABASE_URL.`,
      { cause: reason },
    );
  }

  private tooLate(log: ServerLog): Promise<EmbeddedPostgresError> {
    return this.failure(new Error(`it was not ready within ${this.timeoutMs} ms`), log);
  }

  /** Waits; after the deadline it calls `giveUp` and throws instead. */
  private async pause(ms: number, giveUp?: () => Promise<void>): Promise<void> {
    if (Date.now() > this.deadline) {
      await giveUp?.();
      throw await this.tooLate(await ServerLog.begin(this.folder.log));
    }
    await sleep(ms);
  }
}
