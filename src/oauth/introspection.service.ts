import { Injectable } from '@nestjs/common';
import type { AccessClaims, RefreshClaims } from '@latchkey/token-rules';
import { audienceOfSession, type Audience } from '../access/audience.js';
import { Audiences } from '../access/audiences.js';
import { TokenService } from '../auth/token.service.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { IntrospectionDto } from './introspection.dto.js';
import { presentedToken } from './presented-token.js';

const INACTIVE = { active: false } as const;

/** Token introspection (RFC 7662), for services that do not verify tokens themselves. */
@Injectable()
export class IntrospectionService {
  constructor(
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
    private readonly sessions: SessionsService,
    private readonly audiences: Audiences,
  ) {}

  /**
   * Returns the claims of a valid token, and `{"active": false}` alone for any other. A client is told of the tokens of
   * the applications that it stands for, and of its own. Introspecting a refresh token does not use it.
   * @throws AppError `unavailable` if the revocation feed is stale
   */
  async introspect(token: string, client: AuthenticatedClient): Promise<IntrospectionDto> {
    const presented = presentedToken(this.tokens, token);
    if (!presented) return INACTIVE;
    if (presented.type === 'refresh') return this.refresh(presented.claims, client);
    const { claims, kid } = presented;
    const isTold =
      claims.client_id === client.id || this.standsFor(client, this.audiences.ofClaim(claims.aud));
    // Soft revocations count: JwtAuthGuard also refuses a token whose permissions have changed.
    return isTold && !this.feed.find(claims, kid) ? access(claims) : INACTIVE;
  }

  /** Has no `scope`, so that a resource server that checks scopes alone refuses a refresh token. */
  private async refresh(claims: RefreshClaims, client: AuthenticatedClient): Promise<IntrospectionDto> {
    const session = await this.sessions.findRefreshable(claims.sid, claims.gen);
    if (!session || !this.standsFor(client, audienceOfSession(this.audiences, session))) return INACTIVE;
    return {
      active: true,
      client_id: session.clientId,
      token_type: 'refresh_token',
      ...registered(claims),
    };
  }

  private standsFor({ resources }: AuthenticatedClient, audience: Audience | undefined): boolean {
    const own = resources ?? [this.audiences.standard.identifier];
    return audience?.kind === 'application' && own.includes(audience.identifier);
  }
}

function access(claims: AccessClaims): IntrospectionDto {
  const { scope, client_id } = claims;
  return { active: true, scope, client_id, token_type: 'bearer', ...registered(claims) };
}

/** The registered claims. Name and e-mail address are in no token; `GET /users/{id}` has them. */
function registered({ exp, iat, sub, aud, iss, jti, sid }: AccessClaims | RefreshClaims) {
  return { exp, iat, sub, aud, iss, jti, sid };
}
