import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { bearerToken } from './strategies/bearer-token.js';
import { TokenService } from './token.service.js';

/** Tells answers that stay open, such as an event stream, whether their token is still good. */
@Injectable()
export class TokenLife {
  constructor(
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /**
   * Verifies the request's token once and returns a check that costs a few look-ups in memory. The check returns false
   * once the token is expired, revoked or stale, or once the revocation feed is too old to tell.
   * @throws AppError like JwtAuthGuard, which has accepted the request before
   */
  of(request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): () => boolean {
    const { claims, kid } = this.tokens.verify('access', bearerToken(request));
    return () => {
      try {
        return this.clock.seconds() < claims.exp && this.feed.find(claims, kid) === undefined;
      } catch {
        return false;
      }
    };
  }
}
