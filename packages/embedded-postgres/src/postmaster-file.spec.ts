import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isServerOf, readPostmasterFile } from './postmaster-file.js';

let cluster: string;

beforeEach(async () => {
  cluster = await mkdtemp(join(tmpdir(), 'lk-postmaster-'));
});
afterEach(() => rm(cluster, { recursive: true, force: true }));

const write = (...lines: string[]) => writeFile(join(cluster, 'postmaster.pid'), lines.join('\n'));

describe('the lock file of a cluster', () => {
  it('gives process id, socket folder, port and status', async () => {
    await write('41', cluster, '1700000000', '5432', '/run/sockets', '', '  1 1', 'ready   ', '');
    expect(await readPostmasterFile(cluster)).toEqual({
      pid: 41,
      host: '/run/sockets',
      port: 5432,
      status: 'ready',
    });
  });

  it('gives the address of a server without sockets', async () => {
    await write('41', cluster, '1700000000', '40123', '', '127.0.0.1', '  1 1', 'ready');
    expect(await readPostmasterFile(cluster)).toMatchObject({ host: '127.0.0.1', port: 40_123 });
  });

  it('has an empty host and status while the server starts', async () => {
    await write('41', cluster, '1700000000', '5432');
    expect(await readPostmasterFile(cluster)).toEqual({ pid: 41, host: '', port: 5432, status: '' });
  });

  it.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['is of single-user mode', '-41'],
    ['starts with other text', 'x'],
  ])('gives undefined when it %s', async (_, text) => {
    if (text !== undefined) await write(text);
    expect(await readPostmasterFile(cluster)).toBeUndefined();
  });
});

describe('a process id in the lock file', () => {
  it('of another program is not a server of the cluster', async () => {
    expect(await isServerOf(cluster, process.pid)).toBe(false);
  });

  it('that no process has is not a server of the cluster', async () => {
    expect(await isServerOf(cluster, 2 ** 31 - 1)).toBe(false);
  });
});
