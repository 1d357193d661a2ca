import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { AppError } from '../kernel/app-error.js';
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.js';
import { problem } from '../kernel/problem.filter.js';

const SAMPLE_REQUEST_ID = '7f8d1a52-6c1e-4f0b-9a55-0d3c1b1f6a10';

/** Documents the errors an operation answers with, each as an example of its code; codes of one status share it. */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  return applyDecorators(...problemResponses(codes, false).map((response) => ApiResponse(response)));
}

/** The same for `/oauth/*`, in the form of RFC 6749 section 5.2. */
export function ApiOAuthErrors(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  return applyDecorators(...problemResponses(codes, true).map((response) => ApiResponse(response)));
}

/** OpenAPI responses by status for a list of codes. */
export function problemResponses(codes: readonly ErrorCode[], oauth: boolean) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CODES[code];
    const told = oauth ? (ERROR_CODES[code].oauth?.status ?? status) : status;
    byStatus.set(told, [...(byStatus.get(told) ?? []), code]);
  }
  return [...byStatus].map(([status, ofStatus]) => ({
    status,
    description: ofStatus.map((code) => `\`${code}\`: ${ERROR_CODES[code].detail}`).join('; '),
    content: {
      [oauth ? 'application/json' : 'application/problem+json']: {
        schema: { $ref: `#/components/schemas/${oauth ? 'OAuthError' : 'Problem'}` },
        examples: Object.fromEntries(ofStatus.map((code) => [code, { value: exampleOf(code, oauth) }])),
      },
    },
  }));
}

function exampleOf(code: ErrorCode, oauth: boolean): unknown {
  return JSON.parse(problem(new AppError(code), SAMPLE_REQUEST_ID, oauth).body);
}
