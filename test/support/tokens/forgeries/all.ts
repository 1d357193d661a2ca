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

/** What a refusal must be; a hint about the header is told in words of its own, see auth.bearer-header. */
export function expectedRefusal(codes: Forgery['code'], found: { code: unknown; detail: unknown }): object {
  const allowed: readonly BearerCode[] = typeof codes === 'string' ? [codes] : codes;
  const code = allowed.find((candidate) => candidate === found.code) ?? allowed[0] ?? 'token_invalid';
  return code === 'authorization_malformed' ? refusal(code, String(found.detail)) : refusal(code);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The neighbour in the alphabet, which differs in the lowest bit alone; a full stop becomes a letter. */
const neighbour = (char: string): string => ALPHABET[ALPHABET.indexOf(char) ^ 1] ?? 'A';

/** What can be put in the place of one character of a token. */
export const CHANGES: Readonly<Record<string, (char: string) => string>> = {
  'for its neighbour in the alphabet': (char) => (char === '.' ? 'A' : neighbour(char)),
  'for a full stop': (char) => (char === '.' ? '' : '.'),
  'for nothing': () => '',
  'for itself twice': (char) => char + char,
  'for a padding character': () => '=',
};

/** The token with one character changed: as many as it has characters. */
export function changedAnywhere(token: string, change: (char: string) => string): string[] {
  return token.split('').map((char, at) => token.slice(0, at) + change(char) + token.slice(at + 1));
}
