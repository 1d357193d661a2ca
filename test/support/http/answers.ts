import { ERROR_CODES, FIELD_CODES, type ErrorCode } from '../../../src/platform/kernel/error-codes.js';
import type { RawAnswer } from './raw-http.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Texts that no answer may contain: stack frames, paths, SQL, and the names of the service's libraries. */
const INTERNALS: readonly RegExp[] = [
  /\bat [\w.<>]+ \(/,
  /\.[cm]?[jt]s\b(?!on)/i,
  /node_modules|node:|file:\/\//i,
  /\/(?:home|root|tmp|usr|var|work|app|etc|src)\//,
  /\b(?:SELECT|INSERT|UPDATE|DELETE) (?:FROM|INTO|\w+ (?:SET|FROM)|1)\b/,
  /\b(?:relation|column|constraint|violates|syntax error)\b/i,
  /\b(?:typeorm|pg|postgres\w*|fastify|jsonwebtoken|jwt malformed|zod|nest\w*|passport|pino|argon2|bcrypt)\b/i,
  /\b(?:TypeError|SyntaxError|RangeError|QueryFailedError|HttpException|FST_\w+|ECONN\w+|undefined)\b/,
  /\$argon2|\$2[aby]\$/,
];

/** The faults of an answer by section 1 of the contract; empty if the answer is right. */
export function faultsOf(answer: RawAnswer, { method, path }: { method: string; path: string }): string[] {
  const faults: string[] = [];
  const id = answer.headers['x-request-id'];
  if (typeof id !== 'string' || !REQUEST_ID.test(id)) faults.push('no X-Request-Id');
  if (answer.status >= 500) faults.push(`status ${answer.status}`);
  if (answer.status < 400) return faults;
  if (answer.headers['cache-control'] !== 'no-store') faults.push('an error that may be cached');
  faults.push(...internalsIn(JSON.stringify(headersToCheck(answer))));
  if (method === 'HEAD') return faults;
  const oauth = path.replace(/^https?:\/\/[^/]*/, '').startsWith('/oauth/') && !isNoHttp(answer);
  return [...faults, ...(oauth ? oauthFaults(answer) : problemFaults(answer))];
}

/** A request that is not valid HTTP has no path, so its answer always has the general form. */
function isNoHttp({ text }: RawAnswer): boolean {
  return /"code":"(?:invalid_request|headers_too_large|request_timeout|expectation_failed)"/.test(text);
}

/** Of the client's input the service's headers repeat only the request id. */
function headersToCheck({ headers }: RawAnswer): object {
  const { 'x-request-id': _, 'content-security-policy': __, ...rest } = headers;
  return rest;
}

/** The patterns of {@link INTERNALS} that a text matches. */
function internalsIn(text: string): string[] {
  return INTERNALS.filter((pattern) => pattern.test(text)).map(
    (pattern) => `answer matches ${pattern.source}`,
  );
}

function problemFaults(answer: RawAnswer): string[] {
  if (answer.headers['content-type'] !== 'application/problem+json; charset=utf-8') {
    return [`an error as ${answer.headers['content-type']}`];
  }
  const { errors, ...body } = JSON.parse(answer.text) as Record<string, unknown>;
  const code = body['code'] as ErrorCode;
  if (!Object.hasOwn(ERROR_CODES, code)) return [`unknown code ${code}`];
  const { title, status } = ERROR_CODES[code];
  const expected = {
    type: `/docs/errors#${code}`,
    title,
    status: answer.status,
    detail: body['detail'],
    code,
    request_id: answer.headers['x-request-id'],
  };
  const faults = internalsIn(JSON.stringify({ ...body, request_id: undefined }));
  if (JSON.stringify(body) !== JSON.stringify(expected)) faults.push('members other than the contract’s');
  if (answer.status !== status && !(code === 'authorization_malformed' && answer.status === 400)) {
    faults.push(`${code} with status ${answer.status}`);
  }
  return [...faults, ...fieldFaults(code, errors)];
}

/** The name of a field is the client's input, so only its form is checked; code and message are the service's. */
function fieldFaults(code: ErrorCode, errors: unknown): string[] {
  if (code !== 'validation_failed') return errors === undefined ? [] : ['errors without validation_failed'];
  if (!Array.isArray(errors) || errors.length === 0 || errors.length > 20) return ['not 1 to 20 errors'];
  return (errors as Array<Record<string, unknown>>).flatMap(
    ({ field, code: fieldCode, message, ...rest }) => {
      const text = FIELD_CODES[fieldCode as keyof typeof FIELD_CODES] as string | undefined;
      // The acceptable values may follow, such as `at least 8 characters`.
      const known = text !== undefined && (message === text || String(message).startsWith(`${text}: `));
      const named = typeof field === 'string' && field.length <= 100;
      return known && named && Object.keys(rest).length === 0 ? [] : ['a malformed entry of errors'];
    },
  );
}

function oauthFaults(answer: RawAnswer): string[] {
  if (answer.headers['content-type'] !== 'application/json; charset=utf-8') {
    return [`an OAuth error as ${answer.headers['content-type']}`];
  }
  const body = JSON.parse(answer.text) as Record<string, unknown>;
  const faults = internalsIn(JSON.stringify({ ...body, request_id: undefined }));
  if (Object.keys(body).join() !== 'error,error_description,request_id')
    faults.push('members beyond RFC 6749 5.2');
  if (body['request_id'] !== answer.headers['x-request-id'])
    faults.push('another request_id than in the header');
  const possible = Object.values(ERROR_CODES).some(
    ({ status, oauth }) =>
      (oauth?.error ?? 'invalid_request') === body['error'] &&
      [status, oauth?.status].includes(answer.status),
  );
  if (!possible) faults.push(`${String(body['error'])} with status ${answer.status}`);
  return faults;
}
