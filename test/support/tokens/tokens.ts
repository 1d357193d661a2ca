import { createHmac, randomUUID, type KeyObject } from 'node:crypto';
import { RootSecret } from '../../../src/platform/secrets/root-secret.js';

/** Decodes a token without any check. */
export function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.');
  return { header: fromPart(header), claims: fromPart(claims) };
}

/** A path that every good access token of its audience opens: `/auth/verify` takes no token for the service itself. */
export function pathOpenTo(token: string): '/auth/verify' | '/users/me' {
  return String(decode(token).claims['aud']).startsWith('http') ? '/users/me' : '/auth/verify';
}

/** Signs any header and claims with a secret, valid or not. */
export function mint(
  header: object | string,
  claims: object | string,
  secret: string | KeyObject,
  hash = 'sha256',
): string {
  const input = `${toPart(header)}.${toPart(claims)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** The same token with changed claims and header, and a valid signature. */
export function reminted(
  token: string,
  secret: string | KeyObject,
  claims: object,
  header: object = {},
): string {
  const parts = decode(token);
  return mint({ ...parts.header, ...header }, { ...parts.claims, ...claims }, secret);
}

/** The key by which a service with this root secret signs refresh tokens. */
export function refreshKey(rootSecret: string): KeyObject {
  return new RootSecret(rootSecret).key('refreshTokens');
}

export function freshId(): string {
  return randomUUID();
}

function fromPart(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

function toPart(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
