import type { IncomingMessage } from 'node:http';

/** RFC 6750 section 2.1 with the scheme in any case (RFC 9110 section 11.1). */
const BEARER = /^bearer $/i;

/** Why a request has no token to verify. Absent members take the defaults of the code. */
export interface HeaderFault {
  readonly code: 'token_missing' | 'authorization_malformed';
  readonly status?: number;
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The token in a request's `Authorization` header; tokens in the query or the body are ignored. Otherwise the fault:
 * `token_missing` without the header, `authorization_malformed` where the header is not `Bearer <token>` (401) or is
 * repeated (400, RFC 6750 section 3.1).
 */
export function bearerTokenOf(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
): string | HeaderFault {
  const { authorization } = request.headers;
  if (authorization === undefined) return { code: 'token_missing' };
  if (countHeaders(request.rawHeaders, 'authorization') > 1) {
    const detail = 'The request has more than one Authorization header';
    return {
      code: 'authorization_malformed',
      status: 400,
      detail,
      headers: { 'www-authenticate': `Bearer error="invalid_request", error_description="${detail}"` },
    };
  }
  // RFC 9110 section 5.5: spaces and tabs around a value are not part of it. Other whitespace stays.
  const value =
    isBlank(authorization.at(0)) || isBlank(authorization.at(-1))
      ? authorization.replace(/^[ \t]+|[ \t]+$/g, '')
      : authorization;
  return tokenIn(value) ?? { code: 'authorization_malformed', detail: hint(value) };
}

/** The token after the scheme; its format is checked later. Runs for every request of a proxy, so without a capture. */
function tokenIn(value: string): string | undefined {
  if (!BEARER.test(value.slice(0, 7))) return undefined;
  const token = value.at(7) === ' ' ? value.slice(7).replace(/^ +/, '') : value.slice(7);
  if (token === '' || /\s/.test(token)) return undefined;
  return token.length === 6 && /^bearer$/i.test(token) ? undefined : token;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

function hint(authorization: string): string {
  const [scheme = '', ...rest] = authorization.split(/ +/);
  if (authorization === '') return 'The Authorization header is empty; it must read: Bearer <token>';
  if (/^bearer$/i.test(scheme)) {
    if (rest.length === 0) return 'The Authorization header holds no token after Bearer';
    if (/^bearer$/i.test(rest[0] ?? ''))
      return 'The Authorization header says Bearer twice; paste the token alone';
    return 'The Authorization header holds more than one token after Bearer';
  }
  if (rest.length === 0) return 'The Authorization header has no scheme; it must read: Bearer <token>';
  return 'The Authorization header names a scheme other than Bearer; it must read: Bearer <token>';
}

/** How often a request has a header. Node's `headers` silently keeps the first of several. */
export function countHeaders(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index];
    if (header?.length === name.length && header.toLowerCase() === name) count++;
  }
  return count;
}
