import { AppError } from '../platform/kernel/app-error.js';
import { isServiceScope } from './scopes.js';

/** The longest `scope` claim of a token, in bytes; each scope is ASCII. A token then fits in 6 KiB. */
export const SCOPE_CLAIM_MAX_BYTES = 3072;

/**
 * Every token that can be issued is one that is accepted, so its scopes must fit.
 * @throws AppError `scopes_too_large` where the `scope` claim would be longer than 3,072 bytes
 */
export function assertFitsToken(scopes: readonly string[]): void {
  const bytes = scopes.join(' ').length;
  if (bytes <= SCOPE_CLAIM_MAX_BYTES) return;
  throw new AppError('scopes_too_large', {
    detail: `The scopes of one token would take ${bytes} bytes, and ${SCOPE_CLAIM_MAX_BYTES} is the most`,
  });
}

/**
 * The same for every token of a holder of these scopes: a token is for one audience, so scopes of the service and those of
 * applications never share one. @throws AppError `scopes_too_large`
 */
export function assertFitTokens(scopes: Iterable<string>): void {
  const all = [...new Set(scopes)];
  assertFitsToken(all.filter(isServiceScope));
  assertFitsToken(all.filter((scope) => !isServiceScope(scope)));
}
