import { domainToASCII, domainToUnicode } from 'node:url';
import { z } from 'zod';
import { fieldCode, isCleanText, text } from '../platform/kernel/validation.js';
import { isUsername } from './usernames.js';

const EMAIL_MAX = 254;
const LOCAL_MAX = 64;
/** Two labels at least; UTS 46 allows the joiners U+200C and U+200D where a script needs them. */
const DOMAIN = /^[\p{L}\p{M}\p{N}\u200c-\u200d-]+(?:\.[\p{L}\p{M}\p{N}\u200c-\u200d-]+)+$/u;
const ASCII_LABEL = /^(?!-)[a-z\d-]{1,63}(?<!-)$/;
/** White space, invisible characters and the special characters of RFC 5322 section 3.2.3. */
const NOT_IN_LOCAL = /[\s\p{Cf}\p{Default_Ignorable_Code_Point}"(),:;<>[\]\\]/u;

/** NFKC and lower case, so that names that differ in case, width or ligature are one (as RFC 8265 says of user names). */
export function identityKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** The unique form of an e-mail address: {@link identityKey}, and the Unicode form of its domain (UTS 46). */
export function emailKeyOf(address: string): string {
  const plain = identityKey(address.trim());
  const at = plain.lastIndexOf('@');
  return plain.slice(0, at + 1) + unicodeDomain(plain.slice(at + 1));
}

/** The unique form of a user name. */
export function usernameKeyOf(name: string): string {
  return identityKey(name.trim());
}

/** The names by which a login finds a user: keys of an e-mail address, in the order of preference, or of a user name. */
export type NameKeys =
  { readonly emailKeys: readonly [string, ...string[]] } | { readonly usernameKey: string };

/**
 * The keys to look a written name up by. Two accounts may have two spellings of one address, from before both
 * spellings became one. Each then has its plain key, which comes first.
 */
export function nameKeys(name: string): NameKeys {
  const plain = identityKey(name.trim());
  if (!plain.includes('@')) return { usernameKey: plain };
  const key = emailKeyOf(name);
  return { emailKeys: key === plain ? [key] : [plain, key] };
}

/** An e-mail address as RFC 5321 bounds it (254 characters, 64 before the @), trimmed and normalized to NFKC. */
export const emailField = text({ max: EMAIL_MAX, trim: true })
  .transform((value) => value.normalize('NFKC'))
  .refine(isEmail, fieldCode('invalid_format', 'an e-mail address such as ada@example.com'))
  .meta({ format: 'email', examples: ['ada@example.com'] });

/** 3 to 64 characters, trimmed and normalized to NFKC; see {@link isUsername}. */
export const usernameField = text({ min: 3, max: 64, trim: true })
  .transform((value) => value.normalize('NFKC'))
  .refine(
    isUsername,
    fieldCode(
      'invalid_format',
      '3 to 64 letters and digits of one script, with dots, underscores and hyphens between them',
    ),
  )
  .meta({ examples: ['ada'] });

export const fullNameField = text({ max: 200 }).meta({ examples: ['Ada Lovelace'] });

/** A password in a request. The password policy decides whether it may be chosen. */
export const passwordField = z
  .string()
  .min(1)
  .max(4096)
  .refine(isCleanText, fieldCode('control_character'))
  .meta({ format: 'password', examples: ['correct horse battery staple'] });

function isEmail(value: string): boolean {
  const [local = '', domain = '', ...rest] = value.split('@');
  const ascii = asciiDomain(domain);
  if (rest.length > 0 || ascii === undefined || local.length + ascii.length >= EMAIL_MAX) return false;
  const isDotted = local.split('.').every((part) => part !== '');
  return isDotted && local.length <= LOCAL_MAX && !NOT_IN_LOCAL.test(local) && !/^\p{M}/u.test(local);
}

/** The ASCII form of a domain (UTS 46); undefined for a text that is no domain or has another spelling of its own. */
function asciiDomain(domain: string): string | undefined {
  // Node reads a domain whose last label is a number as an IPv4 address.
  if (!DOMAIN.test(domain) || /\.(?:\d+|0x[\da-f]*)$/i.test(domain)) return undefined;
  const ascii = domainToASCII(domain);
  if (!ascii.split('.').every((label) => ASCII_LABEL.test(label))) return undefined;
  return domainToASCII(domainToUnicode(ascii)) === ascii ? ascii : undefined;
}

function unicodeDomain(domain: string): string {
  const ascii = asciiDomain(domain);
  return ascii === undefined ? domain : domainToUnicode(ascii).normalize('NFKC');
}
