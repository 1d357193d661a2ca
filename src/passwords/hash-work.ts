import { argon2Work, HASH_WORK_MAX } from '../platform/config/argon2-work.js';
import { UnusableHash } from './stored-hash.js';

/**
 * The work of one round, in units of one KiB of argon2's memory in one pass. Measured on two cores with Node 20, where a
 * unit takes 0.45 µs: a default argon2id hash 18 ms, bcrypt 12 171 ms, PBKDF2-SHA256 of a million iterations 157 ms,
 * scrypt 2^17 275 ms, phpass with a password of 4 KiB 60 ms.
 */
const UNITS = {
  bcrypt: 92,
  'pbkdf2-sha1': 0.32,
  'pbkdf2-sha256': 0.35,
  'pbkdf2-sha512': 0.78,
  scrypt: 0.6,
  phpass: 16,
  /** With a password of 512 bytes, the longest. */
  'sha-crypt': 8,
  digest: 1,
} as const;

/**
 * The work of checking a password.
 * @param rounds the iterations
 * @throws UnusableHash `hash_too_costly` above fifty times the work of a hash with the default settings
 */
export function boundedWork(kind: keyof typeof UNITS, rounds: number): number {
  return bounded(rounds * UNITS[kind]);
}

/** The work of argon2. @throws UnusableHash `hash_too_costly` */
export function boundedArgon2Work(memoryKib: number, time: number, lanes: number): number {
  return bounded(argon2Work(memoryKib, time, lanes));
}

/** The work of scrypt, with the four rounds that PBKDF2 costs before and after. @throws UnusableHash `hash_too_costly` */
export function scryptWork(N: number, r: number, p: number): number {
  return bounded((N + 4) * r * p * UNITS.scrypt);
}

function bounded(work: number): number {
  if (!(work <= HASH_WORK_MAX)) throw new UnusableHash('hash_too_costly');
  return Math.max(1, work);
}
