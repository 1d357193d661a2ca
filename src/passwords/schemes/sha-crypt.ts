import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { boundedWork } from '../hash-work.js';
import { costOf, sameBytes, UnusableHash, type HashReader } from '../stored-hash.js';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = /^\$([56])\$(?:rounds=(\d+)\$)?([^$]{0,16})\$([./0-9A-Za-z]+)$/;
const DEFAULT_ROUNDS = '5000';
const ROUNDS_MIN = 1000;
const ROUNDS_PER_TURN = 512;
/** libxcrypt's limit, in bytes. Longer passwords never match. */
const PASSWORD_MAX = 512;

/** The three bytes that are written first, which of them follows in the next group, and how the digest ends. */
const ORDERS = {
  sha256: { first: [0, 10, 20], next: [2, 0, 1], last: [31, 30], letters: 43 },
  sha512: { first: [0, 21, 42], next: [1, 2, 0], last: [63], letters: 86 },
} as const;
type Algorithm = keyof typeof ORDERS;

/** The crypt hashes of Linux, `$5$` and `$6$` (akkadia.org/drepper/SHA-crypt.txt), as LDAP's `{CRYPT}` has them. */
export const shaCryptHash: HashReader = (stored) => {
  if (!/^\$[56]\$/.test(stored)) return undefined;
  const [, id, written = DEFAULT_ROUNDS, salt = '', digest = ''] = FORM.exec(stored) ?? [];
  const algorithm = id === '5' ? 'sha256' : 'sha512';
  const rounds = costOf(written);
  if (id === undefined || digest.length !== ORDERS[algorithm].letters || rounds < ROUNDS_MIN) {
    throw new UnusableHash('malformed_hash');
  }
  return {
    scheme: `${algorithm}-crypt`,
    work: boundedWork('sha-crypt', rounds),
    verify: async (password) => {
      const bytes = Buffer.from(password);
      if (bytes.length > PASSWORD_MAX) return false;
      const found = await crypt(algorithm, bytes, Buffer.from(salt), rounds);
      return sameBytes(Buffer.from(encoded(found, algorithm)), Buffer.from(digest));
    },
  };
};

/** Steps 1 to 21 of the specification. Lets other work run in between, because it runs in the main thread. */
async function crypt(algorithm: Algorithm, key: Buffer, salt: Buffer, rounds: number): Promise<Buffer> {
  const hash = (...parts: readonly Buffer[]): Buffer =>
    createHash(algorithm).update(Buffer.concat(parts)).digest();
  const second = hash(key, salt, key);
  const bits = [];
  for (let length = key.length; length > 0; length >>= 1) bits.push(length & 1 ? second : key);
  let digest = hash(key, salt, filled(second, key.length), ...bits);
  const p = filled(hash(...Array.from({ length: key.length }, () => key)), key.length);
  const s = filled(hash(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? p : digest];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    digest = hash(...parts, isOdd ? digest : p);
    if (round % ROUNDS_PER_TURN === 0) await nextTurn();
  }
  return digest;
}

/** Repeats the bytes up to a length. */
function filled(bytes: Buffer, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

/** The specification's base64: groups of three bytes in its own order, the lowest bits first. */
function encoded(digest: Buffer, algorithm: Algorithm): string {
  const { first, next, last } = ORDERS[algorithm];
  let text = '';
  let group: readonly number[] = first;
  for (let done = 0; done + 3 <= digest.length; done += 3) {
    text += letters(digest, group, 4);
    group = next.map((place) => (group[place] ?? 0) + 1);
  }
  return text + letters(digest, last, last.length + 1);
}

function letters(digest: Buffer, places: readonly number[], count: number): string {
  let value = places.reduce((bits, place) => (bits << 8) | (digest[place] ?? 0), 0);
  let text = '';
  for (let letter = 0; letter < count; letter++, value >>= 6) text += ALPHABET[value & 63];
  return text;
}
