import { AppError } from '../platform/kernel/app-error.js';
import type { TokenType } from '@latchkey/token-rules';
import type { TokenService, VerifiedToken } from '../auth/token.service.js';

/** A token that a client sent for introspection or revocation, and that verifies. It may be revoked. */
export type PresentedToken =
  | ({ readonly type: 'access' } & VerifiedToken<'access'>)
  | ({ readonly type: 'refresh' } & VerifiedToken<'refresh'>);

/**
 * Verifies a token as an access token, then as a refresh token. `token_type_hint` (RFC 7009 section 2.1) would save
 * nothing. Undefined if this service did not issue the token, the token has expired, or its key was withdrawn.
 */
export function presentedToken(tokens: TokenService, token: string): PresentedToken | undefined {
  const access = verified(tokens, 'access', token);
  if (access) return { type: 'access', ...access };
  const refresh = verified(tokens, 'refresh', token);
  return refresh && { type: 'refresh', ...refresh };
}

function verified<T extends TokenType>(
  tokens: TokenService,
  type: T,
  token: string,
): VerifiedToken<T> | undefined {
  try {
    return tokens.verify(type, token);
  } catch (error) {
    if (error instanceof AppError && error.status === 401) return undefined;
    throw error;
  }
}
