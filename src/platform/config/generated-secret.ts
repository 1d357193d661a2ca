import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'dotenv';

const LOCK_WAIT_MS = 20;
/** A lock older than this was left by a process that was killed while it held it. */
const LOCK_STALE_MS = 5000;
const LOCK_GIVE_UP_MS = 20_000;

/**
 * The `SECRET_KEY` in `file`, made and written there (mode 0600) where there is none. Processes that start at the
 * same moment all get the same secret: one writes under a lock, the others read what it wrote.
 */
export async function generateSecret(file: string): Promise<{ secret: string; generated: boolean }> {
  return withLock(`${file}.lock`, async () => {
    const text = await readFile(file, 'utf8').catch(() => '');
    const existing = parse(text)['SECRET_KEY'];
    if (existing !== undefined && existing !== '') return { secret: existing, generated: false };
    const secret = randomBytes(32).toString('hex');
    const separator = text === '' || text.endsWith('\n') ? '' : '\n';
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, `${text}${separator}SECRET_KEY=${secret}\n`, { mode: 0o600 });
    await chmod(temporary, 0o600);
    await rename(temporary, file);
    return { secret, generated: true };
  });
}

async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + LOCK_GIVE_UP_MS;
  while (!(await acquire(lock))) {
    if (Date.now() > deadline)
      throw new Error(`another process holds ${lock}; delete it if none is starting`);
    await delay(LOCK_WAIT_MS);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** A directory is made by exactly one of all processes that try. */
async function acquire(lock: string): Promise<boolean> {
  if (await makes(lock)) return true;
  if (!(await isStale(lock)) || !(await makes(`${lock}.break`))) return false;
  // One process at a time may break a lock, and looks again before it does: the lock may be another's new one by now.
  if (await isStale(lock)) await rm(lock, { recursive: true, force: true });
  await rm(`${lock}.break`, { recursive: true, force: true });
  return false;
}

async function makes(directory: string): Promise<boolean> {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

async function isStale(lock: string): Promise<boolean> {
  const made = await stat(lock).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > LOCK_STALE_MS;
}
