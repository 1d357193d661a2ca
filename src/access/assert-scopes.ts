import { scopeChallenge } from '@latchkey/token-rules';
import { AppError } from '../platform/kernel/app-error.js';

/** @throws AppError `insufficient_scope` where one of `required` is not held; all of them are named */
export function assertScopes(held: ReadonlySet<string>, required: readonly string[]): void {
  if (required.every((scope) => held.has(scope))) return;
  throw new AppError('insufficient_scope', {
    headers: { 'www-authenticate': scopeChallenge(required) },
  });
}
