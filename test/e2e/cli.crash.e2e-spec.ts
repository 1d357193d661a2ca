import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCli, type CliExit } from '../support/service/cli.js';
import { newFolder, type Folder } from '../support/service/process.js';

const MARK = 'hunter2';
// Errors of TypeORM hold the parameters of the query and the options of the connection. The crash comes when the command
// reads standard input.
const SCRIPT = `
  const crash = () =>
    Object.assign(new Error('out of luck'), { parameters: [process.env.MARK], options: { password: process.env.MARK } });
  const crashes = {
    exception: () => setImmediate(() => { throw crash(); }),
    rejection: () => setImmediate(() => { void Promise.reject(crash()); }),
  };
  const stdin = process.stdin;
  Object.defineProperty(process, 'stdin', { get: () => { crashes[process.env.CRASH](); return stdin; } });`;

describe('a command that crashes', () => {
  let folder: Folder;
  let exits: CliExit[];

  beforeAll(async () => {
    folder = await newFolder();
    const faulty = join(folder.path, 'faulty.mjs');
    await writeFile(faulty, SCRIPT);
    exits = await Promise.all(
      ['exception', 'rejection'].map((crash) =>
        runCli(['token', 'explain', '-'], {
          folder: folder.path,
          env: { CRASH: crash, MARK },
          nodeOptions: ['--import', faulty],
        }),
      ),
    );
  });
  afterAll(() => folder.remove());

  it('by an exception or a rejection reports it on standard error, and exits with 1', () => {
    for (const { status, stdout, stderr } of exits) {
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/crashed.*out of luck/s);
    }
  });

  it('prints none of the properties of the error', () => {
    for (const { stderr } of exits) expect(stderr).not.toContain(MARK);
  });
});
