import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-jwt';
import type { AccessClaims } from '@latchkey/token-rules';
import { originOf } from '../../access/origin.decorator.js';
import type { Principal } from '../../access/principal.js';
import { parseScope } from '../../access/scopes.js';
import { AppError } from '../../platform/kernel/app-error.js';
import { RevocationFeed } from '../../revocation/revocation.feed.js';
import { TokenService, type VerifiedToken } from '../token.service.js';
import { bearerToken } from './bearer-token.js';

type Verify = (token: string) => VerifiedToken<'access'>;
type VerifierHook = (
  token: string,
  verify: Verify,
  options: unknown,
  done: (error: unknown, verified?: unknown) => void,
) => void;

/**
 * passport-jwt asks this hook about a token, handing it the "key" of the provider below. Ours is the verifier itself:
 * so a bearer token is judged by TokenService like every other token, and not a second time by other rules.
 */
const verifyWithTokenService: VerifierHook = (token, verify, _options, done) => {
  let verified: VerifiedToken<'access'>;
  try {
    verified = verify(token);
  } catch (error) {
    done(error);
    return;
  }
  done(null, verified);
};
(Strategy as unknown as { JwtVerifier: VerifierHook }).JwtVerifier = verifyWithTokenService;

/** Turns a bearer token into a {@link Principal}, or says by the contract's code why it cannot. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    tokens: TokenService,
    private readonly feed: RevocationFeed,
  ) {
    const verify: Verify = (token) => tokens.verify('access', token);
    super({
      jwtFromRequest: (request: unknown) => bearerToken((request as FastifyRequest).raw),
      secretOrKeyProvider: (
        _request: unknown,
        _token: unknown,
        done: (error: unknown, key: unknown) => void,
      ) => done(null, verify),
      passReqToCallback: true,
    } as never);
  }

  /** @throws AppError `token_revoked`, `token_stale`, or `unavailable` where the feed is too old to tell */
  validate(request: FastifyRequest, { claims, kid }: VerifiedToken<'access'>): Principal {
    const revocation = this.feed.find(claims, kid);
    if (revocation) {
      const { reason, actor, revokedAt, kind } = revocation;
      throw new AppError(revocation.soft ? 'token_stale' : 'token_revoked', {
        diagnosis: { cause: reason, revoked_by: actor, revoked_at: new Date(revokedAt).toISOString(), kind },
      });
    }
    return principalOf(claims, request);
  }
}

function principalOf(claims: AccessClaims, request: FastifyRequest): Principal {
  const { sub, sid, client_id: clientId } = claims;
  // RFC 9068 section 2.2: without a resource owner `sub` is the client itself.
  const who =
    sub === clientId
      ? ({ kind: 'client' } as const)
      : ({ kind: 'user', userId: sub, sessionId: sid } as const);
  return {
    ...who,
    subject: sub,
    sid,
    clientId,
    tokenId: claims.jti,
    scopes: new Set(parseScope(claims.scope) ?? []),
    expiresAt: claims.exp,
    // Made where it is asked for: most requests change nothing that is written down.
    get origin() {
      return originOf(request);
    },
  };
}
