import { BEARER_ERRORS } from '@latchkey/token-rules';

/**
 * Every stable error code of the service: its HTTP status, its default text, and its form below `/oauth/*` (RFC 6749
 * section 5.2). `docs/errors.md` holds the same list; a test keeps the two equal.
 */
export interface ErrorCodeEntry {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Short name of the kind of error, the same at every occurrence (RFC 9457 `title`). */
  readonly title: string;
  /** The default text for the client; the place that raises the error may give a more exact one. */
  readonly detail: string;
  /** RFC 6750 `error_description`; present on the codes that refuse a bearer token. */
  readonly bearer?: string;
  /** RFC 6749 `error` and the status it goes with, where `/oauth/*` differs from `invalid_request` and `status`. */
  readonly oauth?: { readonly error: string; readonly status?: number };
}

const INVALID_GRANT = { error: 'invalid_grant', status: 400 } as const;
const TEMPORARILY_UNAVAILABLE = { error: 'temporarily_unavailable' } as const;

const TABLE = {
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    detail: 'The body is not a JSON object',
  },
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    detail: 'The request is not valid HTTP',
  },
  validation_failed: {
    status: 422,
    title: 'Validation failed',
    detail: 'One or more fields are not acceptable',
    oauth: { error: 'invalid_request', status: 400 },
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    detail: 'This endpoint does not accept this content type',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    detail: 'The body is larger than 64 KiB',
  },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    detail: 'Only the expectation 100-continue is supported',
  },
  headers_too_large: {
    status: 431,
    title: 'Request header fields too large',
    detail: 'The request line and headers are larger than 16 KiB',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    detail: 'The request did not arrive in time',
  },
  invalid_credentials: {
    status: 401,
    title: 'Invalid credentials',
    detail: 'Incorrect username or password',
    oauth: { error: 'invalid_grant', status: 401 },
  },
  account_disabled: {
    status: 403,
    title: 'Account disabled',
    detail: 'This account is disabled',
    oauth: INVALID_GRANT,
  },
  password_change_required: {
    status: 403,
    title: 'Password change required',
    detail: 'Change the password first: PUT /users/me/password, then refresh or log in again',
  },
  not_found: { status: 404, title: 'Not found', detail: 'Nothing was found under this path or id' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'This path does not support this method',
  },
  email_taken: { status: 409, title: 'E-mail taken', detail: 'This e-mail address is already registered' },
  username_taken: { status: 409, title: 'User name taken', detail: 'This user name is already taken' },
  registration_closed: {
    status: 403,
    title: 'Registration closed',
    detail: 'Registration is closed; ask an administrator for an account',
  },
  last_administrator: {
    status: 409,
    title: 'Last administrator',
    detail: 'This is the last active administrator',
  },
  role_in_use: { status: 409, title: 'Role in use', detail: 'At least one user still holds this role' },
  role_protected: {
    status: 409,
    title: 'Role protected',
    detail: 'This built-in role does not allow this change',
  },
  key_not_rotatable: {
    status: 409,
    title: 'Key not rotatable',
    detail: 'This key comes from the settings; change them to rotate it',
  },
  too_many_attempts: {
    status: 429,
    title: 'Too many attempts',
    detail: 'Too many attempts, wait before the next one',
    oauth: TEMPORARILY_UNAVAILABLE,
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    detail: 'Too many requests are waiting, try again in a moment',
    oauth: TEMPORARILY_UNAVAILABLE,
  },
  unavailable: { ...BEARER_ERRORS.unavailable, oauth: TEMPORARILY_UNAVAILABLE },
  internal_error: {
    status: 500,
    title: 'Internal error',
    detail: 'An unexpected error occurred; the log shows its cause under the request id',
    oauth: { error: 'server_error' },
  },
  token_missing: BEARER_ERRORS.token_missing,
  authorization_malformed: BEARER_ERRORS.authorization_malformed,
  token_expired: BEARER_ERRORS.token_expired,
  token_revoked: BEARER_ERRORS.token_revoked,
  token_stale: BEARER_ERRORS.token_stale,
  token_wrong_type: { ...BEARER_ERRORS.token_wrong_type, oauth: INVALID_GRANT },
  token_wrong_audience: BEARER_ERRORS.token_wrong_audience,
  token_wrong_issuer: BEARER_ERRORS.token_wrong_issuer,
  token_not_yet_valid: BEARER_ERRORS.token_not_yet_valid,
  token_invalid: BEARER_ERRORS.token_invalid,
  insufficient_scope: BEARER_ERRORS.insufficient_scope,
  user_required: {
    status: 403,
    title: 'User required',
    detail: 'This endpoint needs a user; the token belongs to a client',
  },
  refresh_token_invalid: {
    status: 401,
    title: 'Refresh token invalid',
    detail: 'invalid refresh token',
    oauth: INVALID_GRANT,
  },
  refresh_token_expired: {
    status: 401,
    title: 'Refresh token expired',
    detail: 'refresh token has expired',
    oauth: INVALID_GRANT,
  },
  refresh_token_reused: {
    status: 401,
    title: 'Refresh token reused',
    detail: 'refresh token was used before; its session has been ended',
    oauth: INVALID_GRANT,
  },
  session_revoked: {
    status: 401,
    title: 'Session revoked',
    detail: 'this session has been ended',
    oauth: INVALID_GRANT,
  },
  login_required: {
    status: 401,
    title: 'Login required',
    detail: 'Sign in on the page /login; this page opens by its cookie',
  },
  cross_origin_form: {
    status: 403,
    title: 'Form of another origin',
    detail: 'The form was not sent from a page of this service',
  },
  unsupported_grant_type: {
    status: 400,
    title: 'Unsupported grant type',
    detail: 'This grant type is not supported',
    oauth: { error: 'unsupported_grant_type' },
  },
  invalid_scope: {
    status: 400,
    title: 'Invalid scope',
    detail: 'The requested scope is unknown, malformed or exceeds what may be granted',
    oauth: { error: 'invalid_scope' },
  },
  invalid_target: {
    status: 400,
    title: 'Invalid target',
    detail: 'The requested resource is unknown',
    oauth: { error: 'invalid_target' },
  },
  scopes_too_large: {
    status: 422,
    title: 'Scopes too large',
    detail: 'The scopes of one token would take more than 3072 bytes',
    oauth: { error: 'invalid_scope', status: 400 },
  },
  invalid_client: {
    status: 401,
    title: 'Invalid client',
    detail: 'Client authentication failed',
    oauth: { error: 'invalid_client' },
  },
  unauthorized_client: {
    status: 400,
    title: 'Unauthorized client',
    detail: 'This client may not use this grant type',
    oauth: { error: 'unauthorized_client' },
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof TABLE;

/** The table, typed so that optional members can be read on every entry. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeEntry>> = TABLE;

/** The codes of refused fields in a `validation_failed` answer, and their messages. */
export const FIELD_CODES = {
  required: 'This field is required',
  wrong_type: 'This field has the wrong type',
  too_short: 'This value is too short',
  too_long: 'This value is too long',
  out_of_range: 'This number is out of range',
  invalid_format: 'This value does not have the required form',
  control_character: 'Control characters and lone surrogates are not allowed',
  unknown_field: 'This field is unknown',
  unchanged: 'The new password is the current one',
  unknown_role: 'This role does not exist',
  too_common: 'This password is among the most common ones of published breaches',
  contains_identity:
    'The password must not be made of your name, your e-mail address or the name of this service',
  unknown_resource: 'No application has this identifier',
  taken: 'This value is in use already',
} as const;

export type FieldCode = keyof typeof FIELD_CODES;
