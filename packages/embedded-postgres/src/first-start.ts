import { readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Names of half-made clusters begin with this, followed by the maker's process id and a hyphen. */
export const DRAFT_PREFIX = 'postgres.new-';

/** After this long the others no longer wait for the one that makes the cluster. */
const PATIENCE_MS = 10_000;

/** The folders whose turn this process itself has taken: tells a lock of ours from one of a namesake. */
const ownTurns = new Set<string>();

/**
 * Lets one process make the cluster while others wait for it, which spares them the work. Nothing depends on
 * it: should two get their turn, the rename decides. Hence a lock file left behind is simply passed over.
 * @param done whether the cluster is there by now, and nobody needs to wait any longer
 * @returns what to call at the end of the turn
 */
export async function waitForTurn(root: string, done: () => Promise<boolean>): Promise<() => Promise<void>> {
  const lock = join(root, 'postgres.init');
  while (!(await takeLock(lock))) {
    if (await done()) return () => Promise.resolve();
    if (await isStale(lock)) await unlink(lock).catch(() => undefined);
    else await sleep(25);
  }
  ownTurns.add(lock);
  await removeAbandonedDrafts(root);
  return async () => {
    ownTurns.delete(lock);
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
  // Just made and not written yet, or gone: look again.
  if (!pid) return isOlderThan(lock, 1000);
  // In a container every start has the same process id.
  if (pid === process.pid) return !ownTurns.has(lock);
  return hasEnded(pid) || (await isOlderThan(lock, PATIENCE_MS));
}

/** What processes left that were killed while they made the cluster. */
async function removeAbandonedDrafts(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    const pid = Number.parseInt(name.slice(DRAFT_PREFIX.length), 10);
    if (pid !== process.pid && !hasEnded(pid)) continue;
    // An initdb that lost its parent may still be writing into it; then the next first start removes it.
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
