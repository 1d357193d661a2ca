import { createHash } from 'node:crypto';
import { boundedWork } from '../hash-work.js';
import {
  bytesOf,
  digestOf,
  sameBytes,
  UnusableHash,
  type HashReader,
  type StoredHash,
} from '../stored-hash.js';
import { bracedDigest } from './digests.js';
import { pbkdf2Check } from './pbkdf2.js';
import { scryptCheck } from './scrypt.js';

const BRACED = /^\{([^{}]{1,40})\}(.+)$/s;
/** Names whose hash is one of the other forms. */
const WRAPPERS = /^(?:BCRYPT|BLF-CRYPT|CRYPT|ARGON2(?:ID?|D)?|LDAP)$/;
/** Spring names the defaults of a version, which matter for PBKDF2 alone. */
const SPRING_VERSION = /@SPRINGSECURITY_V5_8$/;
/** RFC 2307 as OpenLDAP's pw-pbkdf2 extends it: the name has the digest, and the rest is as passlib writes it. */
const LDAP_PBKDF2 = /^PBKDF2(?:-(SHA1|SHA256|SHA512))?$/;

/** Hashes with their scheme in braces: Spring's `{bcrypt}$2a$…` and LDAP's `{SSHA}…`. */
export const bracedHash: HashReader = (stored, readOther) => {
  const [, id, written = ''] = BRACED.exec(stored) ?? [];
  if (id === undefined) return undefined;
  const name = id.toUpperCase();
  const scheme = name.replace(SPRING_VERSION, '');
  if (WRAPPERS.test(scheme)) return readOther(written);
  const found =
    springHash(scheme, written, SPRING_VERSION.test(name)) ??
    ldapPbkdf2(scheme, written, readOther) ??
    bracedDigest(scheme, written);
  if (!found) throw new UnusableHash('unknown_hash');
  return found;
};

function ldapPbkdf2(
  name: string,
  written: string,
  readOther: Parameters<HashReader>[1],
): StoredHash | undefined {
  const [match, digest = 'SHA1'] = LDAP_PBKDF2.exec(name) ?? [];
  return match === undefined ? undefined : readOther(`$pbkdf2-${digest.toLowerCase()}$${written}`);
}

function springHash(name: string, written: string, isVersion58: boolean): StoredHash | undefined {
  if (name === 'SCRYPT') return springScrypt(written);
  if (!/^[0-9a-f]{80,96}$/.test(written)) return undefined;
  const bytes = Buffer.from(written, 'hex');
  if (name === 'PBKDF2') return springPbkdf2(bytes, isVersion58);
  if (name === 'SHA256') return standardHash(bytes);
  return undefined;
}

/** Pbkdf2PasswordEncoder: salt and hash in hexadecimal, with the costs of the version and no secret. */
function springPbkdf2(bytes: Buffer, isVersion58: boolean): StoredHash {
  const [saltLength, hash, iterations] = isVersion58
    ? ([16, 'sha256', 310_000] as const)
    : ([8, 'sha1', 185_000] as const);
  if (bytes.length !== saltLength + 32) throw new UnusableHash('malformed_hash');
  const salt = bytes.subarray(0, saltLength);
  return pbkdf2Check(`pbkdf2-${hash} (Spring)`, { hash, iterations, salt }, bytes.subarray(saltLength));
}

/** SCryptPasswordEncoder: `$costs$salt$hash`; the costs are the exponent of N, r and p as bytes in hexadecimal. */
function springScrypt(written: string): StoredHash {
  const [, costs, salt = '', digest = ''] = /^\$([0-9a-f]{5,6})\$([^$]+)\$([^$]+)$/.exec(written) ?? [];
  if (costs === undefined) throw new UnusableHash('malformed_hash');
  const [N = 0, r = 0, p = 0] = Buffer.from(costs.padStart(6, '0'), 'hex');
  if (r === 0 || p === 0) throw new UnusableHash('malformed_hash');
  return scryptCheck('scrypt (Spring)', { N: 2 ** N, r, p }, bytesOf(salt), digestOf(digest));
}

/** StandardPasswordEncoder without a secret: 1,024 rounds of SHA-256 over a salt of 8 bytes and the password. */
function standardHash(bytes: Buffer): StoredHash {
  const [salt, expected] = [bytes.subarray(0, 8), bytes.subarray(8)];
  if (expected.length !== 32) throw new UnusableHash('malformed_hash');
  return {
    scheme: 'sha256 (Spring)',
    work: boundedWork('phpass', 1024),
    verify: async (password) => {
      let digest = createHash('sha256').update(salt).update(password).digest();
      for (let round = 1; round < 1024; round++) digest = createHash('sha256').update(digest).digest();
      return sameBytes(digest, expected);
    },
  };
}
