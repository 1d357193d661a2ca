import { z } from 'zod';
import { fieldCode, isCleanText, text } from '../platform/kernel/validation.js';

const EMAIL_MAX = 254;
const LOCAL_MAX = 64;
const USERNAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{1,62}[\p{L}\p{N}]$/u;

/**
 * The unique form of a name: NFKC and lower case, so that names that differ in case, width or ligature are one (as RFC
 * 8265 says of user names).
 */
export function identityKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** An e-mail address as RFC 5321 bounds it (254 characters, 64 before the @), normalized to NFKC. */
export const emailField = text({ max: EMAIL_MAX })
  .transform((value) => value.normalize('NFKC'))
  .refine(isEmail, fieldCode('invalid_format'))
  .meta({ format: 'email', examples: ['ada@example.com'] });

/** 3 to 64 letters, digits, dots, underscores or hyphens; never an @, so that it is no e-mail address. */
export const usernameField = text({ min: 3, max: 64 })
  .transform((value) => value.normalize('NFKC'))
  .refine((value) => USERNAME.test(value), fieldCode('invalid_format'))
  .meta({ examples: ['ada'] });

export const fullNameField = text({ max: 200 }).meta({ examples: ['Ada Lovelace'] });

/** A password in a request. The password policy decides whether it may be chosen. */
export const passwordField = z
  .string()
  .min(1)
  .max(4096)
  .refine(isCleanText, fieldCode('control_character'))
  .meta({ format: 'password', examples: ['correct horse battery staple'] });

/** Format characters (Cf) are invisible: with them two different addresses would look alike. */
function isEmail(value: string): boolean {
  const [local = '', domain = '', ...rest] = value.split('@');
  if (rest.length > 0 || local === '' || local.length > LOCAL_MAX || value.length > EMAIL_MAX) return false;
  if (
    /[\s\p{Cf}"(),:;<>[\]\\]/u.test(local) ||
    local.startsWith('.') ||
    local.endsWith('.') ||
    local.includes('..')
  ) {
    return false;
  }
  return (
    domain.split('.').length > 1 &&
    domain.split('.').every((label) => /^(?!-)[\p{L}\p{N}-]{1,63}(?<!-)$/u.test(label))
  );
}
