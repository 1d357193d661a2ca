import { createHash, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { bytesOf, costOf, digestOf, sameBytes, UnusableHash, type StoredHash } from '../stored-hash.js';

const derive = promisify(pbkdf2);
/** The most iterations of all output blocks together: PBKDF2 iterates once for each block. */
const ITERATIONS_MAX = 5_000_000;

/** `pbkdf2_sha256$iterations$salt$base64` (also sha1, sha512). The salt is text, the digest padded base64. */
const DJANGO = /^pbkdf2_(sha1|sha256|sha512)\$(\d+)\$([^$]{1,128})\$([^$]+)$/;
/** `$pbkdf2-sha256$rounds$salt$hash` in passlib's base64; `$pbkdf2$` means SHA-1. */
const PASSLIB = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(\d+)\$([^$]+)\$([^$]+)$/;

/** PBKDF2 with HMAC (RFC 8018) in the forms of Django and passlib. Keycloak's hashes are stored in the latter. */
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
