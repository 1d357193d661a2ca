import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestTarget } from './database.js';
import { eventually } from '../service/process.js';

const PGBOUNCER = '/usr/sbin/pgbouncer';
/** The port that names the socket; it is free, because the socket is in a new folder. */
const PORT = 6432;
const START_MS = 10_000;

/** True unless Debian's package `pgbouncer` is installed. */
export const poolerIsMissing = !existsSync(PGBOUNCER);

export interface PoolerOptions {
  /** Whether a client keeps a session of the server for a transaction, or until it disconnects. */
  readonly mode?: 'transaction' | 'session';
  /** Maximum number of sessions on the server. */
  readonly sessions: number;
}

/** PgBouncer, which assigns its sessions in turn, so that successive transactions of a client rarely share one. */
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
    // PgBouncer refuses to run as root, and the embedded server admits only the owner of its socket.
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

  /** The address to which the service connects. */
  get target(): TestTarget {
    return { ...this.origin, host: this.folder, port: PORT };
  }

  /** Kills PgBouncer and breaks every connection. */
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
    // The folder is closed to other accounts.
    'auth_type = any',
    `unix_socket_dir = ${folder}`,
    `listen_port = ${PORT}`,
    '',
  ].join('\n');
}

/** The owner of the server's socket, or the account `nobody` if there is no socket. */
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
