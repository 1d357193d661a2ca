import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestTarget } from './database.js';
import { eventually } from '../service/process.js';

const PGBOUNCER = '/usr/sbin/pgbouncer';
/** Names the socket in a folder of our own, so that it is always free. */
const PORT = 6432;
const START_MS = 10_000;

/** Where Debian's package `pgbouncer` puts it. */
export const poolerIsMissing = !existsSync(PGBOUNCER);

export interface PoolerOptions {
  /** Whether a session of the server is a client's for a transaction, or for as long as it is connected. */
  readonly mode?: 'transaction' | 'session';
  /** How many sessions it opens on the server at most. */
  readonly sessions: number;
}

/** PgBouncer. It gives its sessions out in turn, so that a client's transactions hardly ever share one. */
export class Pooler {
  private readonly exited: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly origin: TestTarget,
  ) {
    this.exited = new Promise((resolve) => child.once('exit', resolve));
  }

  static async before(origin: TestTarget, options: PoolerOptions): Promise<Pooler> {
    const folder = await mkdtemp(join(tmpdir(), 'lk-pooler-'));
    const file = join(folder, 'pgbouncer.ini');
    await writeFile(file, settings(origin, folder, options), { mode: 0o600 });
    // It refuses to run as root, and the embedded server lets nobody but the owner of its socket in.
    const account = process.getuid?.() === 0 ? await accountFor(origin) : undefined;
    if (account) for (const path of [file, folder]) await chown(path, account.uid, account.gid);
    const child = spawn(PGBOUNCER, ['--quiet', file], { stdio: 'ignore', ...account });
    const pooler = new Pooler(child, folder, origin);
    try {
      await eventually(START_MS, () => listensAt(join(folder, `.s.PGSQL.${PORT}`)));
      return pooler;
    } catch (error) {
      await pooler.stop();
      throw error;
    }
  }

  /** Where the service should connect to. */
  get target(): TestTarget {
    return { ...this.origin, host: this.folder, port: PORT };
  }

  /** Ends it at once, with every connection. */
  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

function settings(
  { host, port, user, password }: TestTarget,
  folder: string,
  { mode = 'transaction', sessions }: PoolerOptions,
): string {
  return [
    '[databases]',
    `* = host='${host}' port=${port} user='${user}' password='${password}'`,
    '[pgbouncer]',
    `pool_mode = ${mode}`,
    'server_round_robin = 1',
    `default_pool_size = ${sessions}`,
    // The folder lets nobody else in.
    'auth_type = any',
    `unix_socket_dir = ${folder}`,
    `listen_port = ${PORT}`,
    '',
  ].join('\n');
}

/** The owner of the server's socket; where there is none, `nobody`. */
async function accountFor({ host }: TestTarget): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = host.startsWith('/') ? await stat(host) : { uid: 65_534, gid: 65_534 };
  return { uid, gid };
}

function listensAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
