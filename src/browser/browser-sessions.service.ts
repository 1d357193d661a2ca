import { Inject, Injectable } from '@nestjs/common';
import type { BrowserClaims } from '@latchkey/token-rules';
import type { Audience } from '../access/audience.js';
import { Audiences } from '../access/audiences.js';
import type { ClientConnection } from '../access/client-connection.decorator.js';
import type { Origin } from '../access/origin.decorator.js';
import { FIRST_PARTY, type UserPrincipal } from '../access/principal.js';
import { AuthService } from '../auth/auth.service.js';
import type { Login } from '../auth/credentials.service.js';
import { RefreshService } from '../auth/refresh.service.js';
import { TokenService } from '../auth/token.service.js';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import type { SessionGrant } from '../sessions/session-records.js';
import type { BrowserGrant, Presented } from './browser-session.js';

/** The place that a presented cookie came from. */
export interface PresentedFrom {
  readonly origin: Origin;
  readonly connection: ClientConnection;
  /** Whether the answer can set a cookie; a request that only looks, such as HEAD, never rotates. */
  readonly mayRotate: boolean;
}

/**
 * The sessions of browsers: rows of `sessions` whose token is kept in a cookie. A token younger than an access token's
 * lifetime is checked in memory. An older one, or one of former permissions, is rotated as a refresh token is, so the
 * loser of a race gets the same successor as the winner.
 */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly auth: AuthService,
    private readonly refreshes: RefreshService,
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
    private readonly audiences: Audiences,
    private readonly clock: Clock,
    @Inject(TOKEN_CONFIG) private readonly config: TokenConfig,
  ) {}

  /**
   * Opens a session for a checked login. A session that the browser had before ends.
   * @param remember whether the cookie outlives the browser
   * @throws AppError `invalid_credentials`, `account_disabled`
   */
  async open(
    login: Login,
    origin: Origin,
    { remember, former }: { readonly remember: boolean; readonly former: UserPrincipal | undefined },
  ): Promise<BrowserGrant> {
    const grant = await this.auth.open(login, origin, { persistent: remember });
    if (former) await this.auth.logout(former);
    return this.grantOf(grant);
  }

  /**
   * Checks the token of a session cookie.
   * @throws AppError `unavailable` where the revocations known here are too old, or the database cannot be reached
   */
  async present(token: string, from: PresentedFrom): Promise<Presented> {
    try {
      return await this.check(token, from);
    } catch (error) {
      if (error instanceof AppError && error.status === 401) return { kind: 'ended' };
      throw error;
    }
  }

  private async check(token: string, from: PresentedFrom): Promise<Presented> {
    const { claims, kid } = this.tokens.verify('browser', token);
    const hit = this.feed.find({ ...claims, client_id: FIRST_PARTY }, kid);
    if (hit && !hit.soft) return { kind: 'ended' };
    const session = { principal: principalOf(claims, this.audiences.service, from.origin) };
    const isFresh = this.clock.seconds() - claims.iat < this.config.accessSeconds;
    if ((isFresh && !hit) || !from.mayRotate) return { kind: 'live', session };
    const grant = await this.refreshes.present(claims, from);
    return { kind: 'live', session, renewed: this.grantOf(grant) };
  }

  private grantOf(grant: SessionGrant): BrowserGrant {
    const lifetime = (grant.idleExpiresAt.getTime() - this.clock.now()) / 1000;
    return {
      token: this.tokens.issueBrowser(grant),
      maxAgeSeconds: grant.persistent ? Math.max(1, Math.floor(lifetime)) : undefined,
    };
  }
}

function principalOf(claims: BrowserClaims, audience: Audience, origin: Origin): UserPrincipal {
  const { sub, sid, jti, exp } = claims;
  return {
    kind: 'user',
    userId: sub,
    sessionId: sid,
    subject: sub,
    sid,
    clientId: FIRST_PARTY,
    tokenId: jti,
    audience,
    passwordChangeRequired: claims.password_change_required !== undefined,
    // Pages ask services that check the account itself; no page opens by a scope of a token.
    scopes: new Set(),
    expiresAt: exp,
    origin,
  };
}
