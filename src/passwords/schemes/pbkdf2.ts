import { createHash, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { bytesOf, costOf, digestOf, sameBytes, UnusableHash, type StoredHash } from '../stored-hash.js';

const derive = promisify(pbkdf2);
/** Iterations at most, of all blocks together: PBKDF2 iterates anew for each length of its hash function. */
const ITERATIONS_MAX = 5_000_000;

/** `pbkdf2_sha256$iterations$salt$base64` (also sha1, sha512): the salt is text, the hash padded base64. */
const DJANGO = /^pbkdf2_(sha1|sha256|sha512)\$(\d+)\$([^$]{1,128})\$([^$]+)$/;
/** `$pbkdf2-sha256$rounds$salt$hash`; passlib writes SHA-1 as `$pbkdf2$`. Salt and hash in passlib's base64. */
const PASSLIB = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(\d+)\$([^$]+)\$([^$]+)$/;

/** PBKDF2 with HMAC (RFC 8018), as Django, passlib and, converted, Keycloak write it. */
export function pbkdf2Hash(stored: string): StoredHash | undefined {
  const django = stored.startsWith('pbkdf2_');
  if (!django && !stored.startsWith('$pbkdf2')) return undefined;
  const found = (django ? DJANGO : PASSLIB).exec(stored);
  if (!found) throw new UnusableHash('malformed_hash');
  const [, hash = 'sha1', rounds, salt = '', digest = ''] = found;
  const expected = digestOf(digest);
  const blocks = Math.ceil(expected.length / createHash(hash).digest().length);
  const iterations = costOf(rounds, Math.floor(ITERATIONS_MAX / blocks));
  const salted = django ? Buffer.from(salt) : bytesOf(salt);
  return {
    scheme: `pbkdf2-${hash}${django ? ' (Django)' : ''}`,
    verify: async (password) =>
      sameBytes(await derive(password, salted, iterations, expected.length, hash), expected),
  };
}
