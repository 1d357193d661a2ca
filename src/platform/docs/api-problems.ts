import { ApiExtension } from '@nestjs/swagger';
import { AppError, fieldError } from '../kernel/app-error.js';
import { ERROR_CODES, type ErrorCode, type FieldCode } from '../kernel/error-codes.js';
import { problem } from '../http/problem.filter.js';

/** OpenAPI extension that holds an operation's error codes until completeOperations writes the responses. */
export const ERRORS_EXTENSION = 'x-latchkey-errors';

const SAMPLE_REQUEST_ID = '7f8d1a52-6c1e-4f0b-9a55-0d3c1b1f6a10';

const HEADERS: Readonly<Record<string, { name: string; description: string }>> = {
  'www-authenticate': {
    name: 'WWW-Authenticate',
    description: 'RFC 6750 section 3: the reason, for clients',
  },
  'retry-after': { name: 'Retry-After', description: 'Seconds to wait before trying again' },
};

/** Documents the errors of an operation. Errors that all operations of its kind share are added by operation.ts. */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator {
  return ApiExtension(ERRORS_EXTENSION, codes);
}

/** Like {@link ApiProblems}, for `/oauth/*`, whose errors have the form of RFC 6749 section 5.2. */
export function ApiOAuthErrors(...codes: ErrorCode[]): MethodDecorator {
  return ApiExtension(ERRORS_EXTENSION, codes);
}

/** The field in the example of `validation_failed`. */
export interface SampleField {
  readonly field: string;
  readonly code: FieldCode;
}

interface ProblemOptions {
  readonly oauth: boolean;
  /** The path of the issuer. */
  readonly basePath: string;
  readonly sample: SampleField | undefined;
}

/** The OpenAPI responses for a list of codes, by status. Each code has an example; codes of one status share a response. */
export function problemResponses(codes: readonly ErrorCode[], options: ProblemOptions) {
  const byStatus: Record<string, ErrorCode[]> = {};
  for (const code of new Set(codes)) (byStatus[statusOf(code, options.oauth)] ??= []).push(code);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, ofStatus]) => [status, problemResponse(ofStatus, options)]),
  );
}

function statusOf(code: ErrorCode, oauth: boolean): number {
  const { status, oauth: oauthEntry } = ERROR_CODES[code];
  return oauth ? (oauthEntry?.status ?? status) : status;
}

function problemResponse(codes: readonly ErrorCode[], options: ProblemOptions) {
  const answers = codes.map((code) => ({ code, ...answer(code, options) }));
  const headers = Object.assign({}, ...answers.map((given) => describeHeaders(given.headers))) as object;
  return {
    description: answers.map(({ code }) => describe(code, answers.length > 1, options.basePath)).join('\n'),
    ...(Object.keys(headers).length > 0 && { headers }),
    content: {
      [options.oauth ? 'application/json' : 'application/problem+json']: {
        schema: { $ref: `#/components/schemas/${options.oauth ? 'OAuthError' : 'Problem'}` },
        examples: Object.fromEntries(
          answers.map(({ code, body }) => [
            code,
            { summary: ERROR_CODES[code].title, value: JSON.parse(body) as unknown },
          ]),
        ),
      },
    },
  };
}

function answer(code: ErrorCode, { oauth, sample, basePath }: ProblemOptions) {
  const errors = code === 'validation_failed' && sample ? [fieldError(sample.field, sample.code)] : undefined;
  return problem(new AppError(code, errors && { errors }), SAMPLE_REQUEST_ID, oauth, basePath);
}

/** The description in CommonMark, where an unescaped `<token>` would be a tag. */
function describe(code: ErrorCode, listed: boolean, basePath: string): string {
  const detail = ERROR_CODES[code].detail.replace(/[<>]/g, '\\$&');
  return `${listed ? '- ' : ''}[\`${code}\`](${basePath}/docs/errors#${code}): ${detail}`;
}

function describeHeaders(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(HEADERS)
      .filter(([key]) => key in headers)
      .map(([, { name, description }]) => [name, { description, schema: { type: 'string' } }]),
  );
}
