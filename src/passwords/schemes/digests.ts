import { createHash } from 'node:crypto';
import { boundedWork } from '../hash-work.js';
import { bytesOf, sameBytes, UnusableHash, type HashReader, type StoredHash } from '../stored-hash.js';

/** Node's names of the algorithms by the names in braces, without hyphens. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  SMD5: 'md5',
  SHA: 'sha1',
  SHA1: 'sha1',
  SSHA: 'sha1',
  SHA256: 'sha256',
  SSHA256: 'sha256',
  SHA384: 'sha384',
  SSHA384: 'sha384',
  SHA512: 'sha512',
  SSHA512: 'sha512',
};
const DJANGO = /^(md5|sha1)\$([^$]{0,128})\$([0-9a-f]+)$/;
/** Spring's MessageDigestPasswordEncoder: a salt in braces, which belongs to the hashed text, and hexadecimal digits. */
const SPRING = /^(\{[^}]{1,128}\})?([0-9a-f]{32,128})$/;

/** Where the salt is added to the password before it is hashed. */
interface Salted {
  readonly before?: string;
  readonly after?: string | Buffer;
}

/**
 * A single salted or unsalted digest: RFC 2307's `{SSHA}base64` and its relatives, where the salt follows the digest, and
 * Spring's `{SHA-256}{salt}hex`. Such hashes are too fast to protect a password, so they are renewed at the first login.
 * @param name the name in braces
 * @returns undefined if the name is no digest
 * @throws UnusableHash
 */
export function bracedDigest(name: string, written: string): StoredHash | undefined {
  const algorithm = ALGORITHMS[name.replaceAll('-', '')];
  if (algorithm === undefined) return undefined;
  const [, after = '', hex] = SPRING.exec(written) ?? [];
  if (hex !== undefined)
    return digestCheck(`${algorithm} (Spring)`, algorithm, { after }, Buffer.from(hex, 'hex'));
  const bytes = bytesOf(written);
  const { length } = createHash(algorithm).digest();
  const isSalted = name.startsWith('S') && !name.startsWith('SHA');
  if (isSalted ? bytes.length <= length : bytes.length !== length) throw new UnusableHash('malformed_hash');
  const salt = bytes.subarray(length);
  const scheme = `${isSalted ? 'salted ' : ''}${algorithm} (LDAP)`;
  return digestCheck(scheme, algorithm, { after: salt }, bytes.subarray(0, length));
}

/** Django's `sha1$salt$hex` and `md5$salt$hex`. */
export const djangoDigest: HashReader = (stored) => {
  if (!/^(md5|sha1)\$/.test(stored)) return undefined;
  const [, algorithm, before = '', hex = ''] = DJANGO.exec(stored) ?? [];
  if (algorithm === undefined) throw new UnusableHash('malformed_hash');
  return digestCheck(`${algorithm} (Django)`, algorithm, { before }, Buffer.from(hex, 'hex'));
};

function digestCheck(
  scheme: string,
  algorithm: string,
  { before = '', after = '' }: Salted,
  expected: Buffer,
): StoredHash {
  if (expected.length !== createHash(algorithm).digest().length) throw new UnusableHash('malformed_hash');
  return {
    scheme,
    work: boundedWork('digest', 1),
    verify: async (password) =>
      sameBytes(createHash(algorithm).update(before).update(password).update(after).digest(), expected),
  };
}
