import { randomUUID } from 'node:crypto';
import type { VerifiedToken } from './verifier.js';
import type { VerifierError } from './verifier-error.js';

const ACCEPTED_ID = /^[A-Za-z0-9._-]{1,64}$/;
const tokens = new WeakMap<object, VerifiedToken>();

/** Keeps the token of a request that was let in. */
export function remember(request: object, token: VerifiedToken): void {
  tokens.set(request, token);
}

/** Who is asking. @throws Error where the request came through no check */
export function tokenOf(request: object): VerifiedToken {
  const token = tokens.get(request);
  if (!token) throw new Error('tokenOf is asked of a request that no check of a token has let in');
  return token;
}

/** What is answered to a request that is not let in. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

/** @param givenId the request's `X-Request-Id`, which is taken over where it is acceptable */
export function answerTo(error: VerifierError, givenId: unknown): RefusalAnswer {
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
