import { isUtf8 } from 'node:buffer';
import { duplicateKey } from './json-keys.js';

/** The longest token that is accepted, in bytes. */
export const TOKEN_MAX_BYTES = 8192;
/**
 * Canonical base64url (RFC 4648 section 5): the unused bits of the last character are zero. Otherwise one signature would
 * have several spellings.
 */
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-]{2}[AEIMQUYcgkosw048]|[\w-][AQgw])?$/;

/** A well-formed token. Its content is untrusted until the signature is verified. */
export interface ParsedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Why a text is not a well-formed token; for the log. */
export interface Malformed {
  readonly malformed: string;
}

/**
 * Parses a token strictly, before any library sees it (RFC 7515 section 5.2, RFC 8725 section 3.11): at most 8 KiB, three
 * parts, canonical base64url without padding, header and claims UTF-8 JSON objects without duplicate keys. Checks neither
 * signature nor claims.
 */
export function parseToken(token: string): ParsedToken | Malformed {
  if (token.length > TOKEN_MAX_BYTES) return { malformed: 'longer than 8 KiB' };
  const parts = token.split('.');
  if (parts.length !== 3) return { malformed: 'not three parts' };
  const [header, payload, signature] = parts.map(decode);
  if (!header || !payload || !signature) return { malformed: 'not canonical base64url' };
  const headerObject = jsonObject(header);
  const claims = jsonObject(payload);
  if (!headerObject || !claims) return { malformed: 'not JSON objects with unique keys' };
  return { header: headerObject, claims };
}

/** The bytes of a part in canonical base64url, else undefined. */
function decode(part: string): Buffer | undefined {
  return part !== '' && BASE64URL.test(part) ? Buffer.from(part, 'base64url') : undefined;
}

function jsonObject(bytes: Buffer): Record<string, unknown> | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    const text = bytes.toString();
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return hasUniqueKeys(text, value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Latchkey's own tokens equal their JSON written anew, which proves that no key was lost; others take the slow path. */
function hasUniqueKeys(text: string, value: object): boolean {
  return JSON.stringify(value) === text || duplicateKey(text) === undefined;
}
