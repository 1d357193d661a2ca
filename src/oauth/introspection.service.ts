import { Injectable } from '@nestjs/common';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { IntrospectionDto } from './introspection.dto.js';
import { presentedToken } from './presented-token.js';
import type { AccessClaims, RefreshClaims } from '@latchkey/token-rules';
import { TokenService } from '../auth/token.service.js';

const INACTIVE = { active: false } as const;

/** What a token is worth at this moment (RFC 7662), for services that do not check tokens themselves. */
@Injectable()
export class IntrospectionService {
  constructor(
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
    private readonly sessions: SessionsService,
  ) {}

  /**
   * Says of a live token what it is, and of any other only that it is not active. Asking does not count as a use of a
   * refresh token.
   * @throws AppError `unavailable` where the revocation feed is too old to tell
   */
  async introspect(token: string): Promise<IntrospectionDto> {
    const presented = presentedToken(this.tokens, token);
    if (!presented) return INACTIVE;
    if (presented.type === 'refresh') return this.refresh(presented.claims);
    // One whose permissions have changed is refused by our own guard too, until it is refreshed.
    return this.feed.find(presented.claims, presented.kid) ? INACTIVE : access(presented.claims);
  }

  /** Without a scope, so that nobody who looks at scopes alone takes it for an access token. */
  private async refresh(claims: RefreshClaims): Promise<IntrospectionDto> {
    const session = await this.sessions.findRefreshable(claims.sid, claims.gen);
    if (!session) return INACTIVE;
    return {
      active: true,
      client_id: session.clientId,
      token_type: 'refresh_token',
      ...registered(claims),
    };
  }
}

function access(claims: AccessClaims): IntrospectionDto {
  const { scope, client_id } = claims;
  return { active: true, scope, client_id, token_type: 'bearer', ...registered(claims) };
}

/** No name and no address: they are in no token, and whoever may know them asks for the user. */
function registered({ exp, iat, sub, aud, iss, jti, sid }: AccessClaims | RefreshClaims) {
  return { exp, iat, sub, aud, iss, jti, sid };
}
