import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerLog } from './server-log.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-log-'));
  path = join(folder, 'postgres.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const append = (log: ServerLog, text: string) => log.appending((descriptor) => writeSync(descriptor, text));

describe('the relevant lines of a server log', () => {
  it('are the errors of this start', async () => {
    await writeFile(path, 'FATAL:  of an earlier start\n');
    const log = await ServerLog.begin(path);
    append(log, 'LOG:  starting\nFATAL:  could not bind\nHINT:  is the port taken?\nLOG:  shut down\n');
    expect(await log.relevantLines()).toBe('FATAL:  could not bind\nHINT:  is the port taken?');
  });

  it('are the last ten lines where there is no error', async () => {
    const log = await ServerLog.begin(path);
    append(log, Array.from({ length: 12 }, (_, index) => `LOG:  line ${index}\n`).join(''));
    const lines = (await log.relevantLines()).split('\n');
    expect([lines.length, lines[0], lines[9]]).toEqual([10, 'LOG:  line 2', 'LOG:  line 11']);
  });

  it('are empty where there is no log', async () => {
    expect(await (await ServerLog.begin(path)).relevantLines()).toBe('');
  });
});

describe('a server log', () => {
  it('is readable by its owner only', async () => {
    append(await ServerLog.begin(path), 'x');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each([
    [10 * 1024 * 1024, ['postgres.log']],
    [10 * 1024 * 1024 + 1, ['postgres.log.1']],
  ])('of %d bytes is rotated above 10 MiB', async (size, names) => {
    await writeFile(path, '');
    await truncate(path, size);
    await ServerLog.begin(path);
    expect(await readdir(folder)).toEqual(names);
  });
});
