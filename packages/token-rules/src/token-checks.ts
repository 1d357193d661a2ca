import { faultyClaim, TOKEN_TYPES, type TokenType } from './token-claims.js';
import type { ParsedToken } from './token-shape.js';
import type { Algorithm } from './signatures.js';

export type TokenFaultCode =
  | 'token_invalid'
  | 'token_wrong_type'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_wrong_issuer'
  | 'token_wrong_audience'
  | 'token_revoked';

/** Why a token is refused: `code` is for the client, the rest for the log. */
export interface TokenFault {
  readonly code: TokenFaultCode;
  readonly cause: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** The values that tokens are checked against. */
export interface TokenRules {
  readonly issuer: string;
  /** Any of them is accepted. */
  readonly audiences: readonly string[];
  readonly leewaySeconds: number;
}

/** Finds the key by `kid`. The token's `alg` must equal the key's algorithm (RFC 8725 section 3.1). */
export function keyFor<K extends { readonly algorithm: Algorithm }>(
  { kid, alg, ...rest }: ParsedToken['header'],
  find: (kid: string) => K | undefined,
): K | TokenFault {
  if ('crit' in rest || 'b64' in rest) return { code: 'token_invalid', cause: 'critical header' };
  const key = typeof kid === 'string' ? find(kid) : undefined;
  if (!key) {
    const more = { received: truncated(kid) };
    return { code: 'token_invalid', cause: 'signature: unknown key id', more };
  }
  if (alg === key.algorithm) return key;
  const more = { expected: key.algorithm, received: truncated(alg) };
  return { code: 'token_invalid', cause: 'signature: algorithm is not the key’s', more };
}

/**
 * Checks the claims of a token whose signature was verified: kind, types, times, issuer, audience. Faults of expiry,
 * kind, issuer and audience have codes of their own; all others are `token_invalid`.
 * @param now milliseconds since the Unix epoch
 * @returns the first fault, or undefined where there is none
 */
export function claimsFault(
  type: TokenType,
  { header, claims }: ParsedToken,
  rules: TokenRules,
  now: number,
): TokenFault | undefined {
  const wrongKind = kindFault(type, header, claims);
  if (wrongKind) return wrongKind;
  const faulty = faultyClaim(type, claims);
  if (faulty !== undefined) {
    return { code: 'token_invalid', cause: `claim ${faulty} missing or of a wrong type` };
  }
  return (
    timeFault(claims as unknown as Times, rules, now / 1000) ??
    partyFault(claims as unknown as Parties, rules)
  );
}

/** The claims that limit when a token is valid, in Unix seconds. */
export interface Times {
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
}
interface Parties {
  readonly iss: string;
  readonly aud: string | readonly string[];
}

function kindFault(
  type: TokenType,
  { typ }: ParsedToken['header'],
  claims: ParsedToken['claims'],
): TokenFault | undefined {
  if (typ === TOKEN_TYPES[type] && claims['type'] === type) return undefined;
  const other = Object.values(TOKEN_TYPES).includes(typ as never) || claims['type'] !== undefined;
  const code = other ? 'token_wrong_type' : 'token_invalid';
  return { code, cause: 'wrong kind of token', more: { expected: type } };
}

/** @param now Unix seconds */
export function timeFault(
  { exp, iat, nbf }: Times,
  rules: Pick<TokenRules, 'leewaySeconds'>,
  now: number,
): TokenFault | undefined {
  if (now >= exp) {
    return { code: 'token_expired', cause: 'expired', more: { expired_for_seconds: Math.round(now - exp) } };
  }
  // The leeway is for an issuer whose clock runs ahead. It does not delay expiry.
  const from = Math.max(iat, nbf ?? 0);
  if (from <= now + rules.leewaySeconds) return undefined;
  const more = { ahead_seconds: Math.round(from - now) };
  return { code: 'token_not_yet_valid', cause: 'issued in the future', more };
}

function partyFault({ iss, aud }: Parties, { issuer, audiences }: TokenRules): TokenFault | undefined {
  if (iss !== issuer) {
    const more = { expected: issuer, received: truncated(iss) };
    return { code: 'token_wrong_issuer', cause: 'wrong issuer', more };
  }
  const given = typeof aud === 'string' ? [aud] : aud;
  if (given.some((name) => audiences.includes(name))) return undefined;
  const more = { expected: audiences, received: given.slice(0, 10).map(truncated) };
  return { code: 'token_wrong_audience', cause: 'wrong audience', more };
}

/** A value from a token, cut to a length that fits the log: anybody can write tokens. */
function truncated(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 100) : typeof value;
}
