import { readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Unfinished clusters are named with this prefix, the process id of their creator and a hyphen. */
export const DRAFT_PREFIX = 'postgres.new-';

/** The longest time that other processes wait for the one that creates the cluster, in milliseconds. */
const PATIENCE_MS = 10_000;

/** The locks that this process holds; distinguishes them from locks of an earlier process with the same id. */
const heldLocks = new Set<string>();

/**
 * Takes the lock for creating the cluster, so that several processes do not all run initdb. The lock only saves work: if
 * two processes hold it, the final rename decides. A lock file that was left behind can therefore be ignored.
 * @param done whether the cluster exists by now; then the wait ends without the lock
 * @returns a function that releases the lock
 */
export async function lockCreation(root: string, done: () => Promise<boolean>): Promise<() => Promise<void>> {
  const lock = join(root, 'postgres.init');
  while (!(await takeLock(lock))) {
    if (await done()) return () => Promise.resolve();
    if (await isStale(lock)) await unlink(lock).catch(() => undefined);
    else await sleep(25);
  }
  heldLocks.add(lock);
  await removeAbandonedDrafts(root);
  return async () => {
    heldLocks.delete(lock);
    await unlink(lock).catch(() => undefined);
  };
}

async function takeLock(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(lock: string): Promise<boolean> {
  const pid = Number(await readFile(lock, 'utf8').catch(() => ''));
  // The file was created a moment ago and is still empty, or it is gone: check again.
  if (!pid) return isOlderThan(lock, 1000);
  // In a container the service has the same process id at every start.
  if (pid === process.pid) return !heldLocks.has(lock);
  return hasEnded(pid) || (await isOlderThan(lock, PATIENCE_MS));
}

/** Removes the unfinished clusters of processes that were killed. */
async function removeAbandonedDrafts(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    const pid = Number.parseInt(name.slice(DRAFT_PREFIX.length), 10);
    if (pid !== process.pid && !hasEnded(pid)) continue;
    // This fails while an orphaned initdb still writes into the folder. The next creation of a cluster tries again.
    await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function isOlderThan(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > ms;
}
