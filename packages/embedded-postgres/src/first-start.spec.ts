import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DRAFT_PREFIX, lockCreation } from './first-start.js';

const NO_SUCH_PROCESS = 2 ** 31 - 1;
/** A process of this machine that is alive and not this one. */
const OTHER_PROCESS = process.ppid;

let root: string;
let lock: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lk-first-'));
  lock = join(root, 'postgres.init');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const notDone = (): Promise<boolean> => Promise.resolve(false);

describe('the lock for creating a cluster', () => {
  it('names the process that holds it, and is removed at its end', async () => {
    const unlock = await lockCreation(root, notDone);
    expect(await readFile(lock, 'utf8')).toBe(String(process.pid));
    await unlock();
    expect(await readdir(root)).toEqual([]);
  });

  it('is held by one caller at a time', async () => {
    const unlock = await lockCreation(root, notDone);
    let isSecond = false;
    let second: Promise<void> | undefined;
    const waiting = new Promise<void>((resolve) => {
      const done = (): Promise<boolean> => {
        resolve();
        return notDone();
      };
      second = lockCreation(root, done).then((release) => {
        isSecond = true;
        return release();
      });
    });
    // The second caller asks whether the cluster exists only when it found the lock taken.
    await waiting;
    expect(isSecond).toBe(false);
    await unlock();
    await second;
  });

  it('is not taken once the cluster exists', async () => {
    await writeFile(lock, String(OTHER_PROCESS));
    const unlock = await lockCreation(root, () => Promise.resolve(true));
    await unlock();
    expect(await readFile(lock, 'utf8')).toBe(String(OTHER_PROCESS));
  });

  it.each([
    ['of a process that has ended', NO_SUCH_PROCESS, 0],
    ['of an earlier process with the same id', process.pid, 0],
    ['that is older than ten seconds', OTHER_PROCESS, 11],
  ])('replaces one %s', async (_, pid, ageSeconds) => {
    await writeFile(lock, String(pid));
    const time = Date.now() / 1000 - ageSeconds;
    await utimes(lock, time, time);
    const unlock = await lockCreation(root, notDone);
    expect(await readFile(lock, 'utf8')).toBe(String(process.pid));
    await unlock();
  });

  it('removes the unfinished clusters of processes that have ended, and no others', async () => {
    const drafts = [NO_SUCH_PROCESS, OTHER_PROCESS].map((pid) => `${DRAFT_PREFIX}${pid}-ab`);
    for (const draft of drafts) await mkdir(join(root, draft, 'data'), { recursive: true });
    const unlock = await lockCreation(root, notDone);
    await unlock();
    expect(await readdir(root)).toEqual([drafts[1]]);
  });
});
