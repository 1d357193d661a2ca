import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hash as bcryptHash } from 'bcrypt';
import { PasswordHasher } from './password-hasher.js';

const CHEAP = { memoryKib: 8192, time: 1, parallelism: 1, concurrency: 2, queue: 10 };
const hasher = new PasswordHasher(CHEAP);

describe('an argon2id hash', () => {
  it('has the configured parameters and its own salt', async () => {
    const hashes = await Promise.all([hasher.hash('a password'), hasher.hash('a password')]);
    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('matches its password in any Unicode form, and no other', async () => {
    const hash = await hasher.hash('pâss wörd');
    expect(await hasher.matches('pâss wörd'.normalize('NFD'), hash)).toEqual({
      matches: true,
      outdated: false,
    });
    expect(await hasher.matches('pass word', hash)).toEqual({ matches: false, outdated: false });
  });

  it('distinguishes passwords with the same first 72 bytes', async () => {
    const hash = await hasher.hash('x'.repeat(72) + 'a');
    expect((await hasher.matches('x'.repeat(72) + 'b', hash)).matches).toBe(false);
  });

  it('is outdated after the parameters have changed', async () => {
    const hash = await hasher.hash('a password');
    const stricter = new PasswordHasher({ ...CHEAP, time: 2 });
    expect(await stricter.matches('a password', hash)).toEqual({ matches: true, outdated: true });
  });
});

describe('a hash that takes more work than a configured one', () => {
  const COSTLY = `pbkdf2_sha256$1000000$salt$${'A'.repeat(43)}=`;

  it('delays no login with an ordinary hash', async () => {
    const one = new PasswordHasher({ ...CHEAP, concurrency: 1 });
    const ordinary = await one.hash('a password');
    const ends: string[] = [];
    const costly = [1, 2].map(() => one.matches('a guess', COSTLY).then(() => ends.push('costly')));
    await one.matches('a password', ordinary).then(() => ends.push('ordinary'));
    await Promise.all(costly);
    expect(ends).toEqual(['ordinary', 'costly', 'costly']);
  });

  it('waits for its slot for ten seconds at most', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const one = new PasswordHasher({ ...CHEAP, concurrency: 1 });
    const first = one.matches('a guess', COSTLY);
    const late = expect(one.matches('a guess', COSTLY)).rejects.toMatchObject({ code: 'overloaded' });
    jest.advanceTimersByTime(10_000);
    jest.useRealTimers();
    await late;
    expect(await first).toEqual({ matches: false, outdated: true });
    expect(one.load).toMatchObject({ running: 0, waiting: 0 });
  });
});

describe('a bcrypt hash', () => {
  let short: string;
  let long: string;
  beforeAll(async () => {
    short = await bcryptHash('legacy password', 4);
    long = await bcryptHash('x'.repeat(72), 4);
  });

  it.each(['$2a$', '$2b$', '$2y$'])('written as %s matches and is outdated', async (prefix) => {
    const stored = short.replace('$2b$', prefix);
    expect(await hasher.matches('legacy password', stored)).toEqual({ matches: true, outdated: true });
    expect((await hasher.matches('legacy passwordx', stored)).matches).toBe(false);
  });

  it('does not match a longer password with the same first 72 bytes', async () => {
    expect((await hasher.matches('x'.repeat(72), long)).matches).toBe(true);
    expect((await hasher.matches('x'.repeat(73), long)).matches).toBe(false);
  });
});
