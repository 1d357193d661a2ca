import { createCipheriv, scrypt, type ScryptOptions } from 'node:crypto';
import { normalizePassword } from '../password-policy.js';
import { scryptWork } from '../hash-work.js';
import { bytesOf, costOf, digestOf, sameBytes, UnusableHash, type StoredHash } from '../stored-hash.js';

const LOG_MAX = 63;

/** `scrypt$n$salt$r$p$base64`. The salt is text, the digest padded base64. */
const DJANGO = /^scrypt\$(\d+)\$([^$]{1,128})\$(\d+)\$(\d+)\$([^$]+)$/;
const PASSLIB = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]*)\$([^$]+)$/;
/** Latchkey's own form, because Firebase exports the parts separately: `$firebase-scrypt$ln=14,r=8$salt$separator$signerkey$hash`. */
const FIREBASE = /^\$firebase-scrypt\$ln=(\d+),r=(\d+)\$([^$]+)\$([^$]*)\$([^$]+)\$([^$]+)$/;
const BETTER_AUTH = /^([0-9a-f]{32}):([0-9a-f]{128})$/;
/** The length of the AES-256 key that scrypt derives, in bytes. AES runs in counter mode from zero. */
const FIREBASE_KEY = 32;
const FIREBASE_IV = Buffer.alloc(16);

/** scrypt (RFC 7914) in the forms of Django and passlib. */
export function scryptHash(stored: string): StoredHash | undefined {
  if (stored.startsWith('scrypt$')) {
    const [, n, salt = '', r, p, digest = ''] = DJANGO.exec(stored) ?? [];
    const costs = costsOf(costOf(n), r, p);
    return scryptCheck('scrypt (Django)', costs, Buffer.from(salt), digestOf(digest));
  }
  if (!stored.startsWith('$scrypt$')) return undefined;
  const [, ln, r, p, salt = '', digest = ''] = PASSLIB.exec(stored) ?? [];
  return scryptCheck('scrypt', costsOf(2 ** costOf(ln, LOG_MAX), r, p), bytesOf(salt), digestOf(digest));
}

/**
 * Firebase's scrypt (github.com/firebase/scrypt). The hash is the project's signer key, encrypted with the key that
 * scrypt derives from the password and the joined salt and separator.
 */
export function firebaseScryptHash(stored: string): StoredHash | undefined {
  if (!stored.startsWith('$firebase-scrypt$')) return undefined;
  const [, ln, r, salt = '', separator = '', signerKey = '', digest = ''] = FIREBASE.exec(stored) ?? [];
  const { options, work } = bounded(costsOf(2 ** costOf(ln, LOG_MAX), r, '1'));
  const salted = Buffer.concat([bytesOf(salt), bytesOf(separator)]);
  const [signer, expected] = [digestOf(signerKey), digestOf(digest)];
  if (signer.length !== expected.length) throw new UnusableHash('malformed_hash');
  return {
    scheme: 'scrypt (Firebase)',
    work,
    verify: async (password) => {
      const key = await derive(password, salted, FIREBASE_KEY, options);
      return sameBytes(createCipheriv('aes-256-ctr', key, FIREBASE_IV).update(signer), expected);
    },
  };
}

/** Better Auth's `salt:hash` in hexadecimal: the salt is the text of its digits, the password is normalized as ours. */
export function betterAuthHash(stored: string): StoredHash | undefined {
  const [, salt, digest = ''] = BETTER_AUTH.exec(stored) ?? [];
  if (salt === undefined) return undefined;
  const costs = { N: 16_384, r: 16, p: 1 };
  const check = scryptCheck('scrypt (Better Auth)', costs, Buffer.from(salt), Buffer.from(digest, 'hex'));
  return { ...check, verify: (password) => check.verify(normalizePassword(password)) };
}

/** The cost parameters of RFC 7914. */
export interface ScryptCosts {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** A scrypt hash from its parts. @throws UnusableHash */
export function scryptCheck(scheme: string, costs: ScryptCosts, salt: Buffer, expected: Buffer): StoredHash {
  const { options, work } = bounded(costs);
  return {
    scheme,
    work,
    verify: async (password) => sameBytes(await derive(password, salt, expected.length, options), expected),
  };
}

function costsOf(N: number, r: string | undefined, p: string | undefined): ScryptCosts {
  return { N, r: costOf(r), p: costOf(p) };
}

function bounded({ N, r, p }: ScryptCosts): { options: ScryptOptions; work: number } {
  if (N < 2 || !Number.isInteger(Math.log2(N))) throw new UnusableHash('malformed_hash');
  const work = scryptWork(N, r, p);
  // The work bounds the memory: 128 · N · r bytes, of which OpenSSL counts a little more.
  return { options: { N, r, p, maxmem: 256 * (N + 4) * r * p }, work };
}

/** Runs in libuv's pool. */
function derive(password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
