import { isUuid } from './uuid.js';

/** The `typ` header of each kind of token: `at+jwt` from RFC 9068 section 2.1, the others are Latchkey's own. */
export const TOKEN_TYPES = { access: 'at+jwt', refresh: 'rt+jwt', browser: 'bs+jwt' } as const;
export type TokenType = keyof typeof TOKEN_TYPES;

/** The claims of an access token, RFC 9068 section 2.2; times in Unix seconds. */
export interface AccessClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly client_id: string;
  readonly exp: number;
  readonly iat: number;
  readonly jti: string;
  readonly sid: string;
  readonly type: 'access';
  /** Space-separated, RFC 6749 section 3.3. */
  readonly scope: string;
  /** The user's permission version when the token was issued. */
  readonly ver: number;
  /** Only if the user must change the password: the token then opens that alone. */
  readonly password_change_required?: true;
}

/** The claims of a refresh token. */
export interface RefreshClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly exp: number;
  readonly iat: number;
  readonly jti: string;
  readonly sid: string;
  /** The generation of the session; the token is current while the session's row holds the same number. */
  readonly gen: number;
  readonly type: 'refresh';
}

/** The claims of a browser token, the content of the session cookie. It opens pages and nothing else. */
export interface BrowserClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly exp: number;
  readonly iat: number;
  readonly jti: string;
  readonly sid: string;
  /** As in {@link RefreshClaims}. */
  readonly gen: number;
  /** As in {@link AccessClaims}. */
  readonly ver: number;
  /** As in {@link AccessClaims}. */
  readonly password_change_required?: true;
  readonly type: 'browser';
}

export interface ClaimsOf {
  readonly access: AccessClaims;
  readonly refresh: RefreshClaims;
  readonly browser: BrowserClaims;
}

type Check = (value: unknown) => boolean;

/** In seconds. A time that was given in milliseconds exceeds it. */
const TIME_LIMIT = 1e11;
/** Counts are stored as signed 32-bit integers. */
const COUNT_LIMIT = 2 ** 31;

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isTime: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < TIME_LIMIT;
const isCount: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) < COUNT_LIMIT;
const isId: Check = (value) => typeof value === 'string' && isUuid(value);
const isAudience: Check = (value) =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every((item) => isText(item)));
const isOptional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const COMMON: Readonly<Record<string, Check>> = {
  iss: isText,
  aud: isAudience,
  sub: isId,
  exp: isTime,
  iat: isTime,
  nbf: isOptional(isTime),
  jti: isText,
  sid: isId,
};

const CHECKS: Readonly<Record<TokenType, Readonly<Record<string, Check>>>> = {
  access: { ...COMMON, client_id: isText, scope: (value) => typeof value === 'string', ver: isCount },
  refresh: { ...COMMON, gen: isCount },
  browser: { ...COMMON, gen: isCount, ver: isCount },
};

/** The name of the first claim that is missing or has the wrong type; undefined where all claims are valid. */
export function faultyClaim(type: TokenType, claims: Readonly<Record<string, unknown>>): string | undefined {
  return Object.entries(CHECKS[type]).find(([name, check]) => !check(claims[name]))?.[0];
}
