/** What a client reads of a refusal; `bearer` is the `error_description` of RFC 6750 section 3. */
interface BearerEntry {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly bearer?: string;
}

const INVALID_TOKEN = 'Could not validate credentials';

/** Every way in which a request with a bearer token, or without one, is refused. */
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

/** `Retry-After` of `unavailable`, in seconds. */
export const UNAVAILABLE_RETRY_SECONDS = 5;

/**
 * The `WWW-Authenticate` of a 401. RFC 9110 section 15.5.2: every 401 names a challenge; RFC 6750 section 3: with the
 * reason where a token came.
 */
export function bearerChallenge(description: string | undefined): string {
  if (description === undefined) return 'Bearer';
  return `Bearer error="invalid_token", error_description="${description}"`;
}

/** The `WWW-Authenticate` of the 403 (RFC 6750 section 3.1) that names every scope asked for. */
export function scopeChallenge(required: readonly string[]): string {
  return `Bearer error="insufficient_scope", scope="${required.join(' ')}"`;
}
