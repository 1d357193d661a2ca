import { timingSafeEqual } from 'node:crypto';

/** A stored hash that was read: its scheme, and a check of passwords against it. */
export interface StoredHash {
  /** The scheme as reports name it: `argon2id`, `bcrypt`, `pbkdf2-sha256 (Django)`. */
  readonly scheme: string;
  /** The work of `verify` in the units of hash-work.ts. */
  readonly work: number;
  readonly verify: (password: string) => Promise<boolean>;
}

/**
 * Reads the forms of one family of hashes; returns undefined for other forms.
 * @param readOther reads a hash of another family, for forms that wrap one
 * @throws UnusableHash if the form belongs to the family, and the hash is malformed or costs too much
 */
export type HashReader = (
  stored: string,
  readOther: (stored: string) => StoredHash,
) => StoredHash | undefined;

/**
 * Why a hash is refused.
 * - `unknown_hash`: the form is not supported.
 * - `malformed_hash`: the prefix of a supported form is followed by something else.
 * - `hash_too_costly`: checking one password would take more time or memory than a login may.
 */
export type HashFault = 'unknown_hash' | 'malformed_hash' | 'hash_too_costly';

/** A refused hash. The error does not hold the hash. */
export class UnusableHash extends Error {
  constructor(readonly fault: HashFault) {
    super(fault);
    this.name = 'UnusableHash';
  }
}

/** A shorter hash or key would let a wrong password pass by chance. In bytes. */
const HASH_MIN = 16;
/** No supported form has longer salts or keys. In bytes. */
const BYTES_MAX = 128;

/**
 * Decodes base64, base64url, or passlib's variant with a dot for the plus, with or without padding.
 * @throws UnusableHash
 */
export function bytesOf(text: string): Buffer {
  const plain = text
    .replaceAll('.', '+')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '');
  const bytes = Buffer.from(plain, 'base64');
  // Node skips characters outside the alphabet, so the bytes are encoded again and compared.
  if (bytes.length > BYTES_MAX || bytes.toString('base64').replace(/=+$/, '') !== plain) {
    throw new UnusableHash('malformed_hash');
  }
  return bytes;
}

/** {@link bytesOf} for a digest. @throws UnusableHash also if the digest is shorter than 16 bytes */
export function digestOf(text: string): Buffer {
  const bytes = bytesOf(text);
  if (bytes.length < HASH_MIN) throw new UnusableHash('malformed_hash');
  return bytes;
}

/**
 * A cost parameter: a positive integer without a sign or a leading zero.
 * @throws UnusableHash `malformed_hash`; `hash_too_costly` above `max`
 */
export function costOf(text: string | undefined, max = Infinity): number {
  if (text === undefined || !/^[1-9]\d{0,14}$/.test(text)) throw new UnusableHash('malformed_hash');
  if (Number(text) > max) throw new UnusableHash('hash_too_costly');
  return Number(text);
}

/** Compares in a time that does not depend on the content. */
export function sameBytes(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
