import { duplicateKey } from './json-keys.js';

/** The longest token that is looked at, in bytes. */
export const TOKEN_MAX_BYTES = 8192;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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

/**
 * The bytes of a base64url part, where re-encoding them gives the same text: the unused bits of a last character
 * would otherwise let one signature be spelt in several ways.
 */
function decode(part: string): Buffer | undefined {
  if (!BASE64URL.test(part)) return undefined;
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

function jsonObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return duplicateKey(text) === undefined ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
