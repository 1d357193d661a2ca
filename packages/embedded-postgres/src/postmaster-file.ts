import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The lines of PostgreSQL's postmaster.pid (src/include/utils/pidfile.h). */
export interface PostmasterFile {
  readonly pid: number;
  /** The socket folder or address for clients. Empty until the server listens. */
  readonly host: string;
  readonly port: number;
  /** `starting`, `ready`, `stopping` or `standby`. */
  readonly status: string;
}

/** Reads the cluster's lock file; undefined when there is none or it is incomplete. */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  // A negative number means single-user mode, which accepts no connections.
  if (!(pid > 0)) return undefined;
  return { pid, port: Number(lines[3]), host: lines[4] || lines[5] || '', status: lines[7] ?? '' };
}

/**
 * Whether the process in the lock file is a PostgreSQL server on this cluster. After a crash the file stays, and its
 * process id may soon belong to another program. In doubt the answer is true: two servers on the same files would destroy
 * the data.
 */
export async function isServerOf(cluster: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  // On Windows PostgreSQL checks this itself, through a named pipe that only its servers have.
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

/** Empty for a zombie process; undefined when the command line cannot be read. */
async function commandLineOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const { stdout } = await promisify(execFile)('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return stdout;
  } catch {
    return undefined;
  }
}
