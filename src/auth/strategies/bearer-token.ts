import type { IncomingMessage } from 'node:http';
import { bearerTokenOf } from '@latchkey/token-rules';
import { AppError } from '../../platform/kernel/app-error.js';

/**
 * The token of the `Authorization` header. Tokens in the query, the body or a cookie are ignored.
 * @throws AppError `token_missing`, `authorization_malformed`
 */
export function bearerToken(request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): string {
  const found = bearerTokenOf(request);
  if (typeof found === 'string') return found;
  const { code, ...options } = found;
  throw new AppError(code, options);
}
