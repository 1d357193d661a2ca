import { dictionary } from '@zxcvbn-ts/language-common';
import { invalidField } from '../platform/kernel/app-error.js';

/** NIST SP 800-63B section 5.1.1.2, in characters (code points) after normalization. */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 1024;

/** Common passwords, most of them from published breaches, in lower case. */
const COMMON: ReadonlySet<string> = new Set(
  dictionary['passwords-common']
    .filter((word) => word.length >= PASSWORD_MIN)
    .map((word) => word.toLowerCase()),
);

/** The names of a user. A password must not be one of them. */
export interface Identity {
  readonly email?: string | undefined;
  readonly username?: string | null | undefined;
  readonly fullName?: string | null | undefined;
}

/** Normalizes to NFKC (NIST SP 800-63B, RFC 8265), so that a password typed on two keyboards is the same text. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * Refuses passwords that are too short, too long, common or a name of the user. There are no composition rules.
 * @param field the name of the field in the request
 * @throws AppError `validation_failed`
 */
export function assertAcceptablePassword(password: string, identity: Identity, field = 'password'): void {
  const normalized = normalizePassword(password);
  const length = Array.from(normalized).length;
  if (length < PASSWORD_MIN) throw invalidField(field, 'too_short');
  if (length > PASSWORD_MAX) throw invalidField(field, 'too_long');
  const plain = normalized.toLowerCase();
  if (COMMON.has(plain) || isOneCharacter(plain)) throw invalidField(field, 'too_common');
  if (namesOf(identity).includes(plain)) throw invalidField(field, 'contains_identity');
}

function isOneCharacter(text: string): boolean {
  return new Set(text).size === 1;
}

function namesOf({ email, username, fullName }: Identity): string[] {
  const names = [email, email?.split('@', 1)[0], username, fullName, fullName?.replaceAll(' ', '')];
  return names
    .filter((name) => typeof name === 'string')
    .map((name) => normalizePassword(name).toLowerCase());
}
