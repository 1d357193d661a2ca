import { argon2Hash } from './schemes/argon2.js';
import { aspnetHash } from './schemes/aspnet.js';
import { bcryptHash } from './schemes/bcrypt.js';
import { bracedHash } from './schemes/braced.js';
import { djangoDigest } from './schemes/digests.js';
import { pbkdf2Hash } from './schemes/pbkdf2.js';
import { phpassHash, wordpressHash } from './schemes/phpass.js';
import { betterAuthHash, firebaseScryptHash, scryptHash } from './schemes/scrypt.js';
import { shaCryptHash } from './schemes/sha-crypt.js';
import { UnusableHash, type HashReader, type StoredHash } from './stored-hash.js';

/** Every form is printable ASCII of at most 1,024 characters. */
const PRINTABLE = /^[\x20-\x7e]{1,1024}$/;

const READERS: readonly HashReader[] = [
  argon2Hash,
  bcryptHash,
  pbkdf2Hash,
  scryptHash,
  firebaseScryptHash,
  bracedHash,
  phpassHash,
  wordpressHash,
  aspnetHash,
  betterAuthHash,
  djangoDigest,
  shaCryptHash,
];

/**
 * Reads a stored hash of any supported form. A hash that costs too much to check is refused.
 * @throws UnusableHash
 */
export function readHash(stored: string): StoredHash {
  if (!PRINTABLE.test(stored)) throw new UnusableHash('malformed_hash');
  for (const read of READERS) {
    const found = read(stored, readHash);
    if (found) return found;
  }
  throw new UnusableHash('unknown_hash');
}
