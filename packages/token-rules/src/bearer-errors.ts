/** The public part of an error; `bearer` is the `error_description` of RFC 6750 section 3. */
interface BearerEntry {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly bearer?: string;
}

const INVALID_TOKEN = 'Could not validate credentials';

/** The errors of authentication by bearer token. */
export const BEARER_ERRORS = {
  unavailable: {
    status: 503,
    title: 'Unavailable',
    detail: 'The service cannot answer right now, try again in a moment',
  },
  token_missing: { status: 401, title: 'Token missing', detail: 'Not authenticated' },
  authorization_malformed: {
    status: 401,
    title: 'Authorization header malformed',
    detail: 'The Authorization header must read: Bearer <token>',
    bearer: INVALID_TOKEN,
  },
  token_expired: {
    status: 401,
    title: 'Token expired',
    detail: 'Token has expired',
    bearer: 'Token has expired',
  },
  token_revoked: {
    status: 401,
    title: 'Token revoked',
    detail: 'Token has been revoked',
    bearer: 'Token has been revoked',
  },
  token_stale: {
    status: 401,
    title: 'Token stale',
    detail: 'Permissions have changed, refresh the token',
    bearer: 'Permissions have changed, refresh the token',
  },
  token_wrong_type: {
    status: 401,
    title: 'Wrong token type',
    detail: 'Wrong token type',
    bearer: 'Wrong token type',
  },
  token_wrong_audience: {
    status: 401,
    title: 'Wrong audience',
    detail: INVALID_TOKEN,
    bearer: INVALID_TOKEN,
  },
  token_wrong_issuer: {
    status: 401,
    title: 'Wrong issuer',
    detail: INVALID_TOKEN,
    bearer: INVALID_TOKEN,
  },
  token_not_yet_valid: {
    status: 401,
    title: 'Token not yet valid',
    detail: INVALID_TOKEN,
    bearer: INVALID_TOKEN,
  },
  token_invalid: { status: 401, title: 'Token invalid', detail: INVALID_TOKEN, bearer: INVALID_TOKEN },
  insufficient_scope: { status: 403, title: 'Insufficient scope', detail: 'Not enough permissions' },
} as const satisfies Record<string, BearerEntry>;

export type BearerCode = keyof typeof BEARER_ERRORS;

/** The `Retry-After` of `unavailable`, in seconds. */
export const UNAVAILABLE_RETRY_SECONDS = 5;

/**
 * The `WWW-Authenticate` header of a 401: RFC 9110 section 15.5.2 requires a challenge on every 401. RFC 6750 section 3
 * adds the reason where the request had a token.
 */
export function bearerChallenge(description: string | undefined): string {
  if (description === undefined) return 'Bearer';
  return `Bearer error="invalid_token", error_description="${description}"`;
}

/** The `WWW-Authenticate` header of a 403 (RFC 6750 section 3.1); it names every required scope. */
export function scopeChallenge(required: readonly string[]): string {
  return `Bearer error="insufficient_scope", scope="${required.join(' ')}"`;
}
