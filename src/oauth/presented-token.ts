import { AppError } from '../platform/kernel/app-error.js';
import type { TokenType } from '@latchkey/token-rules';
import type { TokenService, VerifiedToken } from '../auth/token.service.js';

/** A token that somebody asks about, and that verifies. Whether it was revoked is not decided yet. */
export type PresentedToken =
  | ({ readonly type: 'access' } & VerifiedToken<'access'>)
  | ({ readonly type: 'refresh' } & VerifiedToken<'refresh'>);

/**
 * Reads a token of either kind; a hint of the kind (RFC 7009 section 2.1) would save nothing. Undefined where it is
 * none of ours, has expired, or its key was withdrawn.
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
