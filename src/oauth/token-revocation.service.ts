import { Injectable } from '@nestjs/common';
import type { Origin } from '../access/origin.decorator.js';
import { FIRST_PARTY } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { AuthService } from '../auth/auth.service.js';
import { TokenService, type VerifiedToken } from '../auth/token.service.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { presentedToken, type PresentedToken } from './presented-token.js';

const REASON = 'token revoked';

/** Token revocation (RFC 7009): a client revokes tokens that were issued to it. */
@Injectable()
export class TokenRevocationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly tokens: TokenService,
    private readonly sessions: SessionsService,
    private readonly auth: AuthService,
    private readonly feed: RevocationFeed,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
  ) {}

  /**
   * Either token of a login ends its session, as a logout does; a client's access token is revoked alone. An invalid
   * token is ignored: the answer is the same (section 2.2).
   * @param client the authenticated client; undefined for the public client of the service's own logins, which has no
   * credentials but the token
   * @throws AppError `unauthorized_client` if the token was issued to another client (section 2.1)
   */
  async revoke(token: string, client: AuthenticatedClient | undefined, origin: Origin): Promise<void> {
    const presented = presentedToken(this.tokens, token);
    const issuedTo = presented && (await this.clientOf(presented));
    if (!presented || issuedTo === undefined) return;
    if (issuedTo !== (client?.id ?? FIRST_PARTY)) {
      throw new AppError('unauthorized_client', { detail: 'This token was issued to another client' });
    }
    const { sub, sid } = presented.claims;
    const ended = !client && (await this.auth.endByToken(sub, sid, origin));
    if (!ended && presented.type === 'access') await this.revokeAlone(presented, origin);
  }

  /** The client that the token was issued to; undefined for a refresh token whose session is deleted. */
  private async clientOf(presented: PresentedToken): Promise<string | undefined> {
    if (presented.type === 'access') return presented.claims.client_id;
    return (await this.sessions.find(presented.claims.sid))?.clientId;
  }

  /** For an access token without a live session: a client's token, or one that outlives its session by minutes. */
  private async revokeAlone({ claims, kid }: VerifiedToken<'access'>, origin: Origin): Promise<void> {
    const known = this.feed.find(claims, kid);
    if (known && !known.soft) return;
    const { sub: actor, sid } = claims;
    await this.transactions.run(async (transaction) => {
      const revocation = { kind: 'session', reason: REASON } as const;
      const [row] = await this.revocations.revoke(transaction, { ...revocation, subjects: [sid], actor });
      if (!row) throw new Error('the revocation inserted no row');
      await this.audit.record(transaction, {
        action: 'revocation.created',
        actor,
        subject: { kind: 'revocation', id: row.id },
        sessionId: sid,
        origin,
        details: { ...revocation, subject: sid },
      });
    });
  }
}
