import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSecret } from './generated-secret.js';
import { secretWeakness } from './secret-strength.js';

const AT_ONCE = 8;
const ROUNDS = 25;

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-secret-'));
  file = join(folder, '.env.local');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a generated secret', () => {
  it('is strong, and different each time', async () => {
    const made = await Promise.all([generateSecret(file), generateSecret(join(folder, 'other'))]);
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(2);
    expect(made.map(({ secret }) => secretWeakness(secret))).toEqual([undefined, undefined]);
  });

  it.each(['LOG_LEVEL=debug\n# a remark\nPORT=1\n', 'LOG_LEVEL=debug\n# a remark\nPORT=1'])(
    'is added below the lines that are there: %j',
    async (before) => {
      await writeFile(file, before);
      const { secret } = await generateSecret(file);
      expect(await readFile(file, 'utf8')).toBe(`${before.trimEnd()}\nSECRET_KEY=${secret}\n`);
    },
  );

  it('makes the file readable by its owner only, even when it was open to others', async () => {
    await writeFile(file, 'PORT=1\n');
    await chmod(file, 0o644);
    await generateSecret(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('replaces an empty value', async () => {
    await writeFile(file, 'SECRET_KEY=\n');
    const made = await generateSecret(file);
    expect(await generateSecret(file)).toEqual({ secret: made.secret, generated: false });
  });

  it('leaves neither a proposal nor a temporary file', async () => {
    await generateSecret(file);
    expect(await readdir(folder)).toEqual(['.env.local']);
  });

  it('fails when the folder does not exist', async () => {
    await expect(generateSecret(join(folder, 'gone', '.env.local'))).rejects.toThrow(/ENOENT/);
  });
});

describe('generating at the same moment', () => {
  it('returns the same secret to every process, and one of them made it', async () => {
    const made = await Promise.all(Array.from({ length: AT_ONCE }, () => generateSecret(file)));
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(1);
    expect(made.filter(({ generated }) => generated)).toHaveLength(1);
  });

  it('returns the same secret to every process in each round, in an empty file and below other lines', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const own = join(folder, String(round));
      if (round % 2 === 1) await writeFile(own, 'PORT=1\n');
      const made = await Promise.all(Array.from({ length: AT_ONCE }, () => generateSecret(own)));
      expect(new Set(made.map(({ secret }) => secret)).size).toBe(1);
      expect((await generateSecret(own)).secret).toBe(made[0]?.secret);
    }
  });

  it('adopts the proposal of a process that was killed before it wrote the file', async () => {
    const left = 'ab'.repeat(32);
    await writeFile(`${file}.proposed`, left);
    const made = await Promise.all(Array.from({ length: AT_ONCE }, () => generateSecret(file)));
    expect(new Set(made.map(({ secret }) => secret))).toEqual(new Set([left]));
    expect(await readdir(folder)).toEqual(['.env.local']);
  });
});
