import { Injectable } from '@nestjs/common';
import { ASKED_NOTHING, audienceOf, type Asked } from '../access/audience.js';
import { Audiences } from '../access/audiences.js';
import { FIRST_PARTY, type UserPrincipal } from '../access/principal.js';
import type { Origin } from '../access/origin.decorator.js';
import type { NewAuditEvent } from '../audit/audit-event.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { publish, publishingRefusals } from '../platform/metrics/events.js';
import type { Cause } from '../revocation/revocations.service.js';
import type { OpenedSession, SessionGrant } from '../sessions/session-records.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UserCredentialsService } from '../users/user-credentials.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { auditEvent } from '../audit/actor-event.js';
import type { Login } from './credentials.service.js';
import type { TokenPairDto } from './dto/token.dto.js';
import { TokenPairs } from './token-pairs.js';

/** Opens a session at a login and ends it at a logout. Refreshes are in refresh.service.ts. */
@Injectable()
export class AuthService {
  constructor(
    private readonly transactions: Transactions,
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionsService,
    private readonly termination: SessionTermination,
    private readonly audit: AuditService,
    private readonly pairs: TokenPairs,
    private readonly audiences: Audiences,
  ) {}

  /**
   * Opens a session and returns its first pair of tokens. The oldest sessions end where the user has more than
   * `SESSIONS_PER_USER`.
   * @param asked without a resource and a scope, the session is for the default application
   * @throws AppError `invalid_scope`, `invalid_target`, `scopes_too_large`; `invalid_credentials` or `account_disabled` where the user was deleted or
   * disabled, or the password changed, after the check
   */
  async login(login: Login, origin: Origin, asked: Asked = ASKED_NOTHING): Promise<TokenPairDto> {
    const session = await publishingRefusals('login', () => this.openSession(login, origin, asked));
    publish('login', 'granted');
    return this.pairs.of(session);
  }

  /**
   * Opens a session of a browser, for the service itself.
   * @param persistent whether it outlives the browser
   * @throws AppError as {@link login}
   */
  async open(
    login: Login,
    origin: Origin,
    { persistent }: { readonly persistent: boolean },
  ): Promise<SessionGrant> {
    const asked = { resource: this.audiences.service.identifier, scope: null };
    const grant = await publishingRefusals('login', () => this.openSession(login, origin, asked, persistent));
    publish('login', 'granted');
    return grant;
  }

  private openSession(
    { userId, passwordHash }: Login,
    origin: Origin,
    asked: Asked,
    persistent = true,
  ): Promise<SessionGrant> {
    const { identifier: audience } = audienceOf(this.audiences, asked);
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const user = await this.credentials.lockForSession(manager, userId);
      // A password that was changed after its check must not open a session that the change would have ended.
      if (user?.passwordHash !== passwordHash) throw new AppError('invalid_credentials');
      if (user.status !== 'active') throw new AppError('account_disabled');
      const target = { clientId: FIRST_PARTY, audience, requestedScope: asked.scope };
      const input = { userId, ...target, origin, persistent };
      const session = await this.sessions.start(manager, input);
      this.pairs.assertIssuable(session);
      const subject = { kind: 'session', id: session.id } as const;
      const event = { actor: userId, subject, sessionId: session.id, origin };
      await this.audit.record(transaction, { action: 'session.started', ...event });
      if (session.surplus.length > 0) await this.endSurplus(transaction, session, origin);
      return session;
    });
  }

  private async endSurplus(
    transaction: Transaction,
    { userId, surplus }: OpenedSession,
    origin: Origin,
  ): Promise<void> {
    const cause = { reason: 'too many sessions', actor: null };
    for (const id of await this.termination.endSome(transaction, userId, surplus, cause)) {
      const subject = { kind: 'session', id } as const;
      const details = { reason: cause.reason };
      const event = {
        action: 'session.ended',
        actor: null,
        subject,
        sessionId: id,
        origin,
        details,
      } as const;
      await this.audit.record(transaction, event);
    }
  }

  /** Ends the principal's session. Its tokens are refused by every instance within a second. */
  async logout(principal: UserPrincipal): Promise<void> {
    await this.endOwn(principal, principal.sessionId, 'logged out');
  }

  /** Ends one of the principal's sessions. @throws AppError `not_found` where it is not a live session of theirs */
  async endSession(principal: UserPrincipal, sessionId: string): Promise<void> {
    const ended = await this.endOwn(principal, sessionId, 'session ended');
    if (!ended) throw new AppError('not_found');
  }

  /** Ends every session of the principal's user. */
  async logoutAll(principal: UserPrincipal): Promise<void> {
    const { userId } = principal;
    const cause = { reason: 'logged out everywhere', actor: userId };
    await this.transactions.run(async (transaction) => {
      await this.termination.endAll(transaction, userId, cause);
      await this.audit.record(transaction, auditEvent(principal, 'session.ended_all', 'user', userId));
    });
  }

  /** Ends every session of the principal's user but this one. */
  async endOtherSessions(principal: UserPrincipal): Promise<void> {
    const { userId, sessionId } = principal;
    const cause = { reason: 'other sessions ended', actor: userId };
    await this.transactions.run(async (transaction) => {
      await this.termination.endOthers(transaction, userId, sessionId, cause);
      const event = auditEvent(principal, 'session.ended_all', 'user', userId, { kept: sessionId });
      await this.audit.record(transaction, event);
    });
  }

  /**
   * Ends a session whose token was presented for revocation (RFC 7009).
   * @returns whether it was a live session
   */
  async endByToken(userId: string, sessionId: string, origin: Origin): Promise<boolean> {
    const cause = { reason: 'token revoked', actor: userId };
    const subject = { kind: 'session', id: sessionId } as const;
    const details = { reason: cause.reason };
    const event = { action: 'session.ended', actor: userId, subject, sessionId, origin, details } as const;
    return this.end(userId, sessionId, cause, event);
  }

  private async endOwn(principal: UserPrincipal, sessionId: string, reason: string): Promise<boolean> {
    const { userId } = principal;
    const event = auditEvent(principal, 'session.ended', 'session', sessionId, { reason });
    return this.end(userId, sessionId, { reason, actor: userId }, event);
  }

  private async end(userId: string, only: string, cause: Cause, event: NewAuditEvent): Promise<boolean> {
    return this.transactions.run(async (transaction) => {
      if (!(await this.termination.endOne(transaction, userId, only, cause))) return false;
      await this.audit.record(transaction, event);
      return true;
    });
  }
}
