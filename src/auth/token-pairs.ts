import { Injectable } from '@nestjs/common';
import { resolveGrant, type AccessGrant, type Asked } from '../access/audience.js';
import { Audiences } from '../access/audiences.js';
import { assertFitsToken } from '../access/token-scopes.js';
import type { SessionGrant } from '../sessions/session-records.js';
import { AppError } from '../platform/kernel/app-error.js';
import type { TokenPairDto } from './dto/token.dto.js';
import { TokenService } from './token.service.js';

/** Signs the tokens of a session: an access token and the one live refresh token. */
@Injectable()
export class TokenPairs {
  constructor(
    private readonly tokens: TokenService,
    private readonly audiences: Audiences,
  ) {}

  /**
   * The audience of a session, and the present scopes of its user that it asked for. A session that a version without
   * audiences opened is for the service if it asked for scopes of the service alone, else for the default application. If
   * the user must change the password, it is for the service and has no scope.
   * @throws AppError `invalid_target` where the audience is gone
   */
  grantOf({ audience, requestedScope, scopes, passwordChangeRequired }: SessionGrant): AccessGrant {
    // No application takes a token for this service, so the session opens the change of the password alone.
    if (passwordChangeRequired) {
      const asked = { resource: this.audiences.service.identifier, scope: null };
      return resolveGrant(this.audiences, asked, { kind: 'user', scopes: [] });
    }
    return resolveGrant(
      this.audiences,
      { resource: audience, scope: requestedScope },
      { kind: 'user', scopes },
    );
  }

  /** @throws AppError `invalid_scope`, `invalid_target` where a refresh asks for more than the session was granted */
  assertGrants(session: SessionGrant, { resource, scope }: Asked): void {
    const grant = this.grantOf(session).narrowed(scope);
    if (resource === null || this.audiences.find(resource) === grant.audience) return;
    throw new AppError('invalid_target', {
      detail: 'A refresh cannot change the audience of its session; log in again for another resource',
    });
  }

  /** For a session that is not committed yet. @throws AppError `invalid_target`, `scopes_too_large` */
  assertIssuable(session: SessionGrant): void {
    assertFitsToken(this.grantOf(session).scopes);
  }

  /**
   * @param narrowTo scopes of this access token, space-separated; null for all scopes of the session
   * @throws AppError `invalid_scope` where `narrowTo` exceeds the session's scopes, `invalid_target`, `scopes_too_large`
   */
  of(session: SessionGrant, narrowTo: string | null = null): TokenPairDto {
    const grant = this.grantOf(session).narrowed(narrowTo);
    return {
      access_token: this.tokens.issueAccess({
        subject: session.userId,
        sid: session.id,
        clientId: session.clientId,
        grant,
        permissionVersion: session.permissionVersion,
        passwordChangeRequired: session.passwordChangeRequired,
      }),
      token_type: 'bearer',
      expires_in: this.tokens.accessSeconds,
      refresh_token: this.tokens.issueRefresh({
        userId: session.userId,
        sessionId: session.id,
        generation: session.generation,
        tokenId: session.refreshTokenId,
        issuedAt: session.rotatedAt,
        expiresAt: session.idleExpiresAt,
      }),
      scope: grant.scope,
    };
  }
}
