import { randomUUID } from 'node:crypto';
import type { VerifiedToken } from './verifier.js';
import type { VerifierError } from './verifier-error.js';

const ACCEPTED_ID = /^[A-Za-z0-9._-]{1,64}$/;
const tokens = new WeakMap<object, VerifiedToken>();

/** Attaches the verified token to its request. */
export function attachToken(request: object, token: VerifiedToken): void {
  tokens.set(request, token);
}

/** The verified token of a request. @throws Error where no middleware, hook or guard of this package accepted it */
export function tokenOf(request: object): VerifiedToken {
  const token = tokens.get(request);
  if (!token) {
    throw new Error(
      'tokenOf(request): the request has no verified token; protect its route with authenticate()',
    );
  }
  return token;
}

/** The response to a request that is refused. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

/** @param givenId the request's `X-Request-Id`, repeated in the response where it is well-formed */
export function refusalFor(error: VerifierError, givenId: unknown): Refusal {
  const id = typeof givenId === 'string' && ACCEPTED_ID.test(givenId) ? givenId : randomUUID();
  return {
    status: error.status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': id,
      ...error.headers,
    },
    body: error.problem(id),
  };
}
