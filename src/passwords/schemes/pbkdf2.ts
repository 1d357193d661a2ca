import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { boundedWork } from '../hash-work.js';
import { bytesOf, costOf, digestOf, sameBytes, UnusableHash, type StoredHash } from '../stored-hash.js';

const derive = promisify(pbkdf2);
/** In bytes. PBKDF2 iterates anew for each output block of this size. */
const BLOCK = { sha1: 20, sha256: 32, sha512: 64 } as const;
type Sha = keyof typeof BLOCK;

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
  const salted = django ? Buffer.from(salt) : bytesOf(salt);
  const scheme = `pbkdf2-${hash}${django ? ' (Django)' : ''}`;
  return pbkdf2Check(
    scheme,
    { hash: hash as Sha, iterations: costOf(rounds), salt: salted },
    digestOf(digest),
  );
}

/** A PBKDF2 hash from its parts. @throws UnusableHash `hash_too_costly` */
export function pbkdf2Check(
  scheme: string,
  parts: { readonly hash: Sha; readonly iterations: number; readonly salt: Buffer },
  expected: Buffer,
): StoredHash {
  const { hash, iterations, salt } = parts;
  const blocks = Math.ceil(expected.length / BLOCK[hash]);
  return {
    scheme,
    work: boundedWork(`pbkdf2-${hash}`, iterations * blocks),
    verify: async (password) =>
      sameBytes(await derive(password, salt, iterations, expected.length, hash), expected),
  };
}
