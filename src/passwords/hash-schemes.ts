import { argon2Hash } from './schemes/argon2.js';
import { bcryptHash } from './schemes/bcrypt.js';
import { pbkdf2Hash } from './schemes/pbkdf2.js';
import { firebaseScryptHash, scryptHash } from './schemes/scrypt.js';
import { UnusableHash, type HashFamily, type StoredHash } from './stored-hash.js';

/** No form writes more, or anything but printable ASCII. */
const WRITTEN = /^[\x20-\x7e]{1,1024}$/;

const FAMILIES: readonly HashFamily[] = [argon2Hash, bcryptHash, pbkdf2Hash, scryptHash, firebaseScryptHash];

/**
 * Reads a hash in any of the written forms we verify, and refuses one that would burn the server.
 * @throws UnusableHash
 */
export function readHash(stored: string): StoredHash {
  if (!WRITTEN.test(stored)) throw new UnusableHash('malformed_hash');
  for (const family of FAMILIES) {
    const found = family(stored);
    if (found) return found;
  }
  throw new UnusableHash('unknown_hash');
}
