import { isUtf8 } from 'node:buffer';
import { duplicateKey } from './json-keys.js';

/** The longest token that is looked at, in bytes. */
export const TOKEN_MAX_BYTES = 8192;
/**
 * Whole bytes and nothing else (RFC 4648 section 5): the bits of a last character that no byte needs are 0. They would
 * otherwise let one signature be spelt in several ways.
 */
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-]{2}[AEIMQUYcgkosw048]|[\w-][AQgw])?$/;

/** A token that has the shape of one of ours; nothing of it is believed before its signature is checked. */
export interface ShapedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Why a text cannot be a token of ours; for the log. */
export interface Misshapen {
  readonly misshapen: string;
}

/**
 * The strict check of a token's form, made before any library sees it (RFC 7515 section 5.2, RFC 8725 section 3.11):
 * three parts, base64url without padding in its one canonical spelling, at most 8 KiB, UTF-8 JSON objects without
 * duplicate keys. Tells nothing about signature or claims.
 */
export function shapeOf(token: string): ShapedToken | Misshapen {
  if (token.length > TOKEN_MAX_BYTES) return { misshapen: 'longer than 8 KiB' };
  const parts = token.split('.');
  if (parts.length !== 3) return { misshapen: 'not three parts' };
  const [header, payload, signature] = parts.map(decode);
  if (!header || !payload || !signature) return { misshapen: 'not canonical base64url' };
  const headerObject = jsonObject(header);
  const claims = jsonObject(payload);
  if (!headerObject || !claims) return { misshapen: 'not JSON objects with unique keys' };
  return { header: headerObject, claims };
}

/** The bytes of a base64url part in its one canonical spelling. */
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

/** What a parser was given comes out of it again only where nothing was lost on the way, as it is with our own tokens. */
function hasUniqueKeys(text: string, value: object): boolean {
  return JSON.stringify(value) === text || duplicateKey(text) === undefined;
}
