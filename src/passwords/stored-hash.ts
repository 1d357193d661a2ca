import { timingSafeEqual } from 'node:crypto';

/** A hash that was read: what made it, and the check of a password against it, which does the whole work. */
export interface StoredHash {
  /** For reports and counts: `argon2id`, `bcrypt`, `pbkdf2-sha256 (Django)`. */
  readonly scheme: string;
  readonly verify: (password: string) => Promise<boolean>;
}

/**
 * One family of hash forms: undefined where the text is of another family.
 * @throws UnusableHash where it is of this one, and malformed or too costly
 */
export type HashFamily = (stored: string) => StoredHash | undefined;

/**
 * Why a hash is not taken.
 * - `unknown_hash`: its form is none of those in the table.
 * - `malformed_hash`: it begins like one of them and does not go on like it.
 * - `hash_too_costly`: to check one password would take more time or memory than a login may.
 */
export type HashFault = 'unknown_hash' | 'malformed_hash' | 'hash_too_costly';

/** A hash that is not taken. Never holds the hash. */
export class UnusableHash extends Error {
  constructor(readonly fault: HashFault) {
    super(fault);
    this.name = 'UnusableHash';
  }
}

/** A shorter hash or key would let a wrong password pass by chance. In bytes. */
const HASH_MIN = 16;
/** More than any of the forms writes. In bytes. */
const BYTES_MAX = 128;

/**
 * The bytes of a text in base64, in base64url, or in passlib's variant with a dot for the plus; padded or not.
 * @throws UnusableHash
 */
export function bytesOf(text: string): Buffer {
  const plain = text
    .replaceAll('.', '+')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '');
  const bytes = Buffer.from(plain, 'base64');
  // Written again, it has to be the same: what does not belong there is skipped when it is read.
  if (bytes.length > BYTES_MAX || bytes.toString('base64').replace(/=+$/, '') !== plain) {
    throw new UnusableHash('malformed_hash');
  }
  return bytes;
}

/** The same for the hash itself. @throws UnusableHash where it is too short to prove anything */
export function digestOf(text: string): Buffer {
  const bytes = bytesOf(text);
  if (bytes.length < HASH_MIN) throw new UnusableHash('malformed_hash');
  return bytes;
}

/**
 * A number as hashes write it: digits without a sign or a leading zero.
 * @throws UnusableHash `malformed_hash`; `hash_too_costly` above `max`
 */
export function costOf(text: string | undefined, max: number): number {
  if (text === undefined || !/^[1-9]\d{0,14}$/.test(text)) throw new UnusableHash('malformed_hash');
  if (Number(text) > max) throw new UnusableHash('hash_too_costly');
  return Number(text);
}

/** Whether two texts of bytes are the same, in a time that does not tell where they differ. */
export function sameBytes(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
