import { createCipheriv, scrypt, type ScryptOptions } from 'node:crypto';
import { bytesOf, costOf, digestOf, sameBytes, UnusableHash, type StoredHash } from '../stored-hash.js';

/** In bytes. scrypt needs 128 · N · r bytes at once; p repeats the work. */
const MEMORY_MAX = 128 * 1024 * 1024;
const PARALLEL_MAX = 16;
const LOG_MAX = 63;

/** `scrypt$n$salt$r$p$base64`. The salt is text, the digest padded base64. */
const DJANGO = /^scrypt\$(\d+)\$([^$]{1,128})\$(\d+)\$(\d+)\$([^$]+)$/;
const PASSLIB = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]*)\$([^$]+)$/;
/** Latchkey's own form, because Firebase exports the parts separately: `$firebase-scrypt$ln=14,r=8$salt$separator$signerkey$hash`. */
const FIREBASE = /^\$firebase-scrypt\$ln=(\d+),r=(\d+)\$([^$]+)\$([^$]*)\$([^$]+)\$([^$]+)$/;
/** The length of the AES-256 key that scrypt derives, in bytes. AES runs in counter mode from zero. */
const FIREBASE_KEY = 32;
const FIREBASE_IV = Buffer.alloc(16);

/** scrypt (RFC 7914) in the forms of Django and passlib. */
export function scryptHash(stored: string): StoredHash | undefined {
  if (stored.startsWith('scrypt$')) {
    const [, n, salt = '', r, p, digest = ''] = DJANGO.exec(stored) ?? [];
    return plainScrypt(
      'scrypt (Django)',
      boundedOptions(costOf(n, MEMORY_MAX), r, p),
      Buffer.from(salt),
      digest,
    );
  }
  if (!stored.startsWith('$scrypt$')) return undefined;
  const [, ln, r, p, salt = '', digest = ''] = PASSLIB.exec(stored) ?? [];
  return plainScrypt('scrypt', boundedOptions(2 ** costOf(ln, LOG_MAX), r, p), bytesOf(salt), digest);
}

/**
 * Firebase's scrypt (github.com/firebase/scrypt). The hash is the project's signer key, encrypted with the key that
 * scrypt derives from the password and the joined salt and separator.
 */
export function firebaseScryptHash(stored: string): StoredHash | undefined {
  if (!stored.startsWith('$firebase-scrypt$')) return undefined;
  const [, ln, r, salt = '', separator = '', signerKey = '', digest = ''] = FIREBASE.exec(stored) ?? [];
  const options = boundedOptions(2 ** costOf(ln, LOG_MAX), r, '1');
  const salted = Buffer.concat([bytesOf(salt), bytesOf(separator)]);
  const [signer, expected] = [digestOf(signerKey), digestOf(digest)];
  if (signer.length !== expected.length) throw new UnusableHash('malformed_hash');
  return {
    scheme: 'scrypt (Firebase)',
    verify: async (password) => {
      const key = await derive(password, salted, FIREBASE_KEY, options);
      return sameBytes(createCipheriv('aes-256-ctr', key, FIREBASE_IV).update(signer), expected);
    },
  };
}

function plainScrypt(scheme: string, options: ScryptOptions, salt: Buffer, digest: string): StoredHash {
  const expected = digestOf(digest);
  return {
    scheme,
    verify: async (password) => sameBytes(await derive(password, salt, expected.length, options), expected),
  };
}

function boundedOptions(
  N: number,
  blockSize: string | undefined,
  parallel: string | undefined,
): ScryptOptions {
  const r = costOf(blockSize, MEMORY_MAX);
  const p = costOf(parallel, PARALLEL_MAX);
  if (N < 2 || !Number.isInteger(Math.log2(N))) throw new UnusableHash('malformed_hash');
  if (128 * N * r > MEMORY_MAX) throw new UnusableHash('hash_too_costly');
  // OpenSSL counts a little more than 128 · N · r.
  return { N, r, p, maxmem: 2 * MEMORY_MAX };
}

/** Runs in libuv's pool. */
function derive(password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
