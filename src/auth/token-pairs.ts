import { Injectable } from '@nestjs/common';
import { parseScope } from '../access/scopes.js';
import { AppError } from '../platform/kernel/app-error.js';
import type { SessionGrant } from '../sessions/session-records.js';
import type { TokenPairDto } from './dto/token.dto.js';
import { TokenService } from './token.service.js';

/** Signs the tokens of a session: an access token and the one live refresh token. */
@Injectable()
export class TokenPairs {
  constructor(private readonly tokens: TokenService) {}

  /**
   * @param narrowTo scopes of this access token, space-separated; null for all scopes of the session
   * @throws AppError `invalid_scope` where `narrowTo` exceeds the session's scopes
   */
  of(grant: SessionGrant, narrowTo: string | null = null): TokenPairDto {
    const scopes = narrowed(sessionScopes(grant), narrowTo);
    return {
      access_token: this.tokens.issueAccess({
        subject: grant.userId,
        sid: grant.id,
        clientId: grant.clientId,
        scopes,
        permissionVersion: grant.permissionVersion,
      }),
      token_type: 'bearer',
      expires_in: this.tokens.accessSeconds,
      refresh_token: this.tokens.issueRefresh({
        userId: grant.userId,
        sessionId: grant.id,
        generation: grant.generation,
        tokenId: grant.refreshTokenId,
        issuedAt: grant.rotatedAt,
        expiresAt: grant.idleExpiresAt,
      }),
      scope: scopes.join(' '),
    };
  }
}

/** The user's present scopes among those that the login asked for. */
export function sessionScopes({ scopes, requestedScope }: SessionGrant): string[] {
  if (requestedScope === null) return scopes;
  const requested = new Set(parseScope(requestedScope));
  return scopes.filter((scope) => requested.has(scope));
}

/** RFC 6749 section 6: a refresh may ask for less than was granted, never for more. */
export function narrowed(granted: string[], scope: string | null): string[] {
  if (scope === null) return granted;
  const requested = parseScope(scope);
  if (!requested?.every((name) => granted.includes(name))) throw new AppError('invalid_scope');
  return requested;
}
