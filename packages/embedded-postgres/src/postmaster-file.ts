import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What PostgreSQL writes into postmaster.pid, line by line (src/include/utils/pidfile.h). */
export interface PostmasterFile {
  readonly pid: number;
  /** Where clients connect: a socket folder or an address. Empty until the server listens. */
  readonly host: string;
  readonly port: number;
  /** `starting`, `ready`, `stopping` or `standby`. */
  readonly status: string;
}

/** Reads the cluster's lock file; undefined when there is none, or it is still being written. */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  // A negative number is PostgreSQL's single-user mode, which nobody can join.
  if (!(pid > 0)) return undefined;
  return { pid, port: Number(lines[3]), host: lines[4] || lines[5] || '', status: lines[7] ?? '' };
}

/**
 * Whether the process of the lock file is a PostgreSQL server on this cluster. After a crash the file stays,
 * and its number soon belongs to some other process. When in doubt the answer is yes: a second server on the
 * same files is the one thing that must not happen.
 */
export async function isServerOf(cluster: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  // Windows: PostgreSQL itself asks the process through a named pipe only its servers have.
  if (process.platform === 'win32') return true;
  const command = await commandLineOf(pid);
  return command === undefined || (command.includes('postgres') && command.includes(cluster));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Empty for a process that is gone but not yet collected by its parent; undefined when it cannot be read. */
async function commandLineOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const { stdout } = await promisify(execFile)('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return stdout;
  } catch {
    return undefined;
  }
}
