import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { AccessClaims } from '@latchkey/token-rules';
import { Strategy } from 'passport-jwt';
import type { Audience } from '../../access/audience.js';
import { Audiences } from '../../access/audiences.js';
import { originOf } from '../../access/origin.decorator.js';
import type { Principal } from '../../access/principal.js';
import { parseScope } from '../../access/scopes.js';
import { AppError } from '../../platform/kernel/app-error.js';
import { RevocationFeed } from '../../revocation/revocation.feed.js';
import { TokenService } from '../token.service.js';
import { bearerToken } from './bearer-token.js';
import { registerUnderOwnName, unregister } from './own-name.js';

/**
 * Turns the bearer token of a request into a {@link Principal}, or refuses it with a code of the contract.
 *
 * TokenService verifies the token, as it does every other. passport-jwt's own check by jsonwebtoken accepts tokens that
 * the contract refuses and turns an outage into a 401, so `authenticate` is overridden.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) implements OnModuleDestroy {
  constructor(
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
    private readonly audiences: Audiences,
  ) {
    // The base class requires these options and uses them only in its own `authenticate`.
    super({
      jwtFromRequest: () => null,
      secretOrKeyProvider: (_request, _token, done) => done(new Error('TokenService verifies the token')),
    });
  }

  getPassportInstance(): unknown {
    return { use: (strategy: Strategy) => registerUnderOwnName(strategy, 'jwt') };
  }

  onModuleDestroy(): void {
    unregister(this);
  }

  /** Passport calls this on a copy of the strategy that serves one request. */
  override authenticate(request: unknown): void {
    try {
      this.success(this.validate(request as FastifyRequest));
    } catch (error) {
      this.error(error as Error);
    }
  }

  /**
   * @throws AppError `token_missing`, `authorization_malformed`, the codes of {@link TokenService.verify},
   * `token_revoked`, `token_stale`, or `unavailable` where the revocation feed is too old to tell
   */
  validate(request: FastifyRequest): Principal {
    const { claims, kid } = this.tokens.verify('access', bearerToken(request.raw));
    const revocation = this.feed.find(claims, kid);
    if (revocation) {
      const { reason, actor, revokedAt, kind } = revocation;
      throw new AppError(revocation.soft ? 'token_stale' : 'token_revoked', {
        diagnosis: { cause: reason, revoked_by: actor, revoked_at: new Date(revokedAt).toISOString(), kind },
      });
    }
    const audience = this.audiences.ofClaim(claims.aud);
    if (!audience) throw new AppError('token_wrong_audience', { diagnosis: { cause: 'wrong audience' } });
    return principalOf(claims, audience, request);
  }
}

function principalOf(claims: AccessClaims, audience: Audience, request: FastifyRequest): Principal {
  const { sub, sid, client_id: clientId } = claims;
  // RFC 9068 section 2.2: without a resource owner `sub` is the client itself.
  const holder =
    sub === clientId
      ? ({ kind: 'client' } as const)
      : ({
          kind: 'user',
          userId: sub,
          sessionId: sid,
          passwordChangeRequired: claims.password_change_required !== undefined,
        } as const);
  return {
    ...holder,
    subject: sub,
    sid,
    clientId,
    tokenId: claims.jti,
    audience,
    scopes: new Set(parseScope(claims.scope) ?? []),
    expiresAt: claims.exp,
    // A getter, because most requests write no audit event and never read it.
    get origin() {
      return originOf(request);
    },
  };
}
