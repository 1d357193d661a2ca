import { refusal, type BearerCode } from '../../http/bearer.js';
import { CLAIM_FORGERIES } from './claims.js';
import { HEADER_FORGERIES } from './headers.js';
import { JSON_FORGERIES } from './json.js';
import type { Forgery } from './kit.js';
import { PART_FORGERIES } from './parts.js';
import { SIGNATURE_FORGERIES } from './signatures.js';

export const FORGERIES: ReadonlyArray<readonly [room: string, forgeries: readonly Forgery[]]> = [
  ['in its header', HEADER_FORGERIES],
  ['in its signature', SIGNATURE_FORGERIES],
  ['in its parts', PART_FORGERIES],
  ['in its JSON', JSON_FORGERIES],
  ['in its claims', CLAIM_FORGERIES],
];

/** The expected refusal. The detail of `authorization_malformed` varies; auth.bearer-header tests it. */
export function expectedRefusal(codes: Forgery['code'], found: { code: unknown; detail: unknown }): object {
  const allowed: readonly BearerCode[] = typeof codes === 'string' ? [codes] : codes;
  const code = allowed.find((candidate) => candidate === found.code) ?? allowed[0] ?? 'token_invalid';
  return code === 'authorization_malformed' ? refusal(code, String(found.detail)) : refusal(code);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The character of the alphabet that differs in the lowest bit only. */
const neighbour = (char: string): string => ALPHABET[ALPHABET.indexOf(char) ^ 1] ?? 'A';

/** Replacements for one character of a token. */
export const CHANGES: Readonly<Record<string, (char: string) => string>> = {
  'for its neighbour in the alphabet': (char) => (char === '.' ? 'A' : neighbour(char)),
  'for a full stop': (char) => (char === '.' ? '' : '.'),
  'for nothing': () => '',
  'for itself twice': (char) => char + char,
  'for a padding character': () => '=',
};

/** One token per character of the given one, each with that character changed. */
export function changedAnywhere(token: string, change: (char: string) => string): string[] {
  return token.split('').map((char, at) => token.slice(0, at) + change(char) + token.slice(at + 1));
}
