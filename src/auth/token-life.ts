import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { bearerToken } from './strategies/bearer-token.js';
import { TokenService } from './token.service.js';

/** For answers that last: whether the token that opened one would still do so. */
@Injectable()
export class TokenLife {
  constructor(
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads the token of a request once. What it returns costs a few look-ups in memory, and says no from the moment the
   * token has expired, is revoked or stale, or this instance cannot tell any more.
   * @throws AppError as the guard, which has let the request in
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
