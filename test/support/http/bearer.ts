import type { RawAnswer } from './raw-client.js';

const INVALID = 'Could not validate credentials';

/** The `error_description` of each refusal of a bearer token: the contract's texts, not the service's table. */
const DESCRIPTIONS = {
  token_expired: 'Token has expired',
  token_revoked: 'Token has been revoked',
  token_stale: 'Permissions have changed, refresh the token',
  token_wrong_type: 'Wrong token type',
  token_wrong_audience: INVALID,
  token_wrong_issuer: INVALID,
  token_not_yet_valid: INVALID,
  token_invalid: INVALID,
  authorization_malformed: INVALID,
} as const;

export type BearerCode = keyof typeof DESCRIPTIONS;

/** Everything that a client can see of a refusal, so that one comparison covers all of it. */
export interface Refusal {
  readonly status: number;
  readonly challenge: unknown;
  readonly contentType: unknown;
  readonly cacheControl: unknown;
  readonly code: unknown;
  readonly detail: unknown;
  readonly members: readonly string[];
  readonly idIsTheHeaders: boolean;
}

const MEMBERS = ['code', 'detail', 'request_id', 'status', 'title', 'type'];

/** The only answer that the contract allows for a code. @param detail for codes whose detail varies */
export function refusal(code: BearerCode, detail: string = DESCRIPTIONS[code]): Refusal {
  return {
    status: 401,
    challenge: `Bearer error="invalid_token", error_description="${DESCRIPTIONS[code]}"`,
    contentType: 'application/problem+json; charset=utf-8',
    cacheControl: 'no-store',
    code,
    detail,
    members: MEMBERS,
    idIsTheHeaders: true,
  };
}

export function refusalIn({ status, headers, text }: RawAnswer): Refusal {
  const body = objectIn(text);
  return {
    status: status === body['status'] ? status : Number.NaN,
    challenge: headers['www-authenticate'],
    contentType: headers['content-type'],
    cacheControl: headers['cache-control'],
    code: body['code'],
    detail: body['detail'],
    members: Object.keys(body).sort(),
    idIsTheHeaders: body['request_id'] === headers['x-request-id'],
  };
}

const WINDOW = 10;

/** The first piece of a token, ten characters or longer, that an answer repeats; undefined if there is none. */
export function leakOf(token: string, { headers, text }: RawAnswer): string | undefined {
  const answer = text + JSON.stringify(headers);
  for (let at = 0; at + WINDOW <= answer.length; at++) {
    const piece = answer.slice(at, at + WINDOW);
    if (token.includes(piece)) return piece;
  }
  return undefined;
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
