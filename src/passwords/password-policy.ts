import type { FieldCode } from '../platform/kernel/error-codes.js';
import { isCommonPassword } from './common-passwords.js';

/** NIST SP 800-63B section 5.1.1.2, in characters (code points) after normalization. */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 1024;

/** A word of the context counts inside a password from this length on. */
const WORD_MIN = 4;
/** So many characters a password must have besides words of its context. */
const BESIDES_MIN = 5;
const PRODUCT = 'latchkey';
/** Signs that stand for letters. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i' },
};

/** The names of a person: no password may be made of them. */
export interface Identity {
  readonly email?: string | undefined;
  readonly username?: string | null | undefined;
  readonly fullName?: string | null | undefined;
}

/** Why a password is refused, and what is allowed. */
export interface PasswordFault {
  readonly code: FieldCode;
  readonly allowed?: string;
}

/** NFKC (NIST SP 800-63B, RFC 8265): the same password typed on two keyboards is the same text. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** The fault of a password by itself; undefined for an acceptable one. There are no composition rules. */
export async function passwordFault(password: string): Promise<PasswordFault | undefined> {
  const normalized = normalizePassword(password);
  const characters = Array.from(normalized);
  if (characters.length < PASSWORD_MIN)
    return { code: 'too_short', allowed: `at least ${PASSWORD_MIN} characters` };
  if (characters.length > PASSWORD_MAX)
    return { code: 'too_long', allowed: `at most ${PASSWORD_MAX} characters` };
  const isOneCharacter = new Set(characters).size === 1;
  return isOneCharacter || (await isCommonPassword(normalized.toLowerCase()))
    ? { code: 'too_common' }
    : undefined;
}

/**
 * Whether a password is made of words that an attacker tries first: the person's names, this service's name, and
 * `context`. It is, if fewer than five characters are left without them.
 */
export function isMadeOfNames(
  password: string,
  identity: Identity,
  context: readonly string[] = [],
): boolean {
  const words = [PRODUCT, ...context, ...namesOf(identity)].map(plain).filter((word) => word !== '');
  const written = plain(password);
  return [written, asLetters(written)].some((text) => words.includes(text) || isMadeOf(text, words));
}

function isMadeOf(text: string, words: readonly string[]): boolean {
  const long = words
    .filter((word) => word.length >= WORD_MIN)
    .sort((one, other) => other.length - one.length);
  const rest = long.reduce((left, word) => left.replaceAll(word, ''), text);
  return rest !== text && rest.length < BESIDES_MIN;
}

function namesOf({ email, username, fullName }: Identity): string[] {
  const names = [email, email?.split('@', 1)[0], username, fullName, fullName?.replaceAll(' ', '')];
  return [...names.filter((name) => typeof name === 'string'), ...(fullName?.split(/\s+/) ?? [])];
}

function plain(text: string): string {
  return normalizePassword(text).toLowerCase();
}

function asLetters(text: string): string {
  return text.replace(/[^a-z]/g, (sign) => LOOKALIKES[sign] ?? sign);
}
