import { Injectable } from '@nestjs/common';
import { FIRST_PARTY, type UserPrincipal } from '../access/principal.js';
import type { ClientConnection } from '../access/client-connection.decorator.js';
import type { Origin } from '../access/origin.decorator.js';
import { parseScope } from '../access/scopes.js';
import type { NewAuditEvent } from '../audit/audit-event.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { publish, publishingRefusals } from '../platform/metrics/events.js';
import { ClientAddresses } from '../limits/client-addresses.js';
import type { Cause } from '../revocation/revocations.service.js';
import type { SessionGrant } from '../sessions/session-records.js';
import { SessionsService, type RefreshOutcome } from '../sessions/sessions.service.js';
import { UserCredentialsService } from '../users/user-credentials.service.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService, type CreateUser } from '../users/users.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { auditEvent } from '../audit/actor-event.js';
import type { Login } from './credentials.service.js';
import type { TokenPairDto } from './dto/token.dto.js';
import { TokenService } from './token.service.js';

/** Logging in, refreshing and logging out: sessions and their tokens together. */
@Injectable()
export class AuthService {
  constructor(
    private readonly transactions: Transactions,
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionsService,
    private readonly termination: SessionTermination,
    private readonly accounts: UsersService,
    private readonly audit: AuditService,
    private readonly addresses: ClientAddresses,
    private readonly tokens: TokenService,
  ) {}

  /** Creates an account with the role `user`. @throws AppError as UsersService.prepare and .add */
  async register(input: Omit<CreateUser, 'roles'>, origin: Origin): Promise<UserRecord> {
    const lane = this.addresses.clientOf(origin.ip);
    const user = await this.accounts.prepare({ ...input, roles: ['user'] }, lane);
    return this.transactions.run(async (transaction) => {
      const created = await this.accounts.add(user, transaction.manager);
      const subject = { kind: 'user', id: user.id } as const;
      await this.audit.record(transaction, { action: 'user.registered', actor: user.id, subject, origin });
      return created;
    });
  }

  /**
   * Opens a session and answers its first pair of tokens.
   * @param scope the scopes asked for, space-separated; null asks for all the user has
   * @throws AppError `invalid_scope`, and `invalid_credentials` or `account_disabled` where the user was deleted or
   * disabled since the password was checked
   */
  async login(
    { userId, passwordHash }: Login,
    origin: Origin,
    scope: string | null = null,
  ): Promise<TokenPairDto> {
    const grant = await publishingRefusals('login', () =>
      this.openSession({ userId, passwordHash }, origin, scope),
    );
    publish('login', 'granted');
    return this.pairOf(grant);
  }

  private openSession(
    { userId, passwordHash }: Login,
    origin: Origin,
    scope: string | null,
  ): Promise<SessionGrant> {
    if (scope !== null && parseScope(scope) === undefined) throw new AppError('invalid_scope');
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const user = await this.credentials.lockForSession(manager, userId);
      // A password changed since it was checked must not open a session that the change would have ended.
      if (user?.passwordHash !== passwordHash) throw new AppError('invalid_credentials');
      if (user.status !== 'active') throw new AppError('account_disabled');
      const input = { userId, clientId: FIRST_PARTY, requestedScope: scope, origin };
      const session = await this.sessions.start(manager, input);
      const subject = { kind: 'session', id: session.id } as const;
      const event = { actor: userId, subject, sessionId: session.id, origin };
      await this.audit.record(transaction, { action: 'session.started', ...event });
      return session;
    });
  }

  /**
   * Answers a refresh token with the pair that follows it (RFC 6749 section 6, RFC 9700 section 4.14.2).
   * @param scope a narrower scope for this access token, or null
   * @throws AppError `refresh_token_invalid`, `refresh_token_expired`, `refresh_token_reused`, `session_revoked`,
   * `token_wrong_type`, `invalid_scope`
   */
  async refresh(
    refreshToken: string,
    from: { readonly origin: Origin; readonly connection: ClientConnection },
    scope: string | null = null,
  ): Promise<TokenPairDto> {
    return publishingRefusals('refresh', async () => {
      const { sid, gen } = this.verifyRefresh(refreshToken);
      if (scope !== null) await this.assertNarrower(sid, gen, scope);
      const outcome = await this.sessions.present(sid, gen);
      return this.pairOf(await this.granted(outcome, from), scope);
    });
  }

  /** Ends the principal's session; its tokens are dead on every instance within a second. */
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

  /**
   * Ends the session of somebody who has shown a token of it, and nothing else.
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

  /** What asks for too much is refused before it uses the token up; what would be refused anyway is left to that. */
  private async assertNarrower(sid: string, gen: number, scope: string): Promise<void> {
    const session = await this.sessions.findRefreshable(sid, gen);
    if (session) narrowed(sessionScopes(session), scope);
  }

  private verifyRefresh(refreshToken: string): { sid: string; gen: number } {
    try {
      return this.tokens.verify('refresh', refreshToken).claims;
    } catch (error) {
      throw error instanceof AppError ? asRefreshError(error) : error;
    }
  }

  /** @throws AppError for every outcome but a grant; a reused token ends its session first */
  private async granted(
    outcome: RefreshOutcome,
    { origin, connection }: { readonly origin: Origin; readonly connection: ClientConnection },
  ): Promise<SessionGrant> {
    switch (outcome.kind) {
      case 'granted':
        publish('refresh', outcome.how);
        return outcome.grant;
      case 'expired':
        throw new AppError('refresh_token_expired');
      case 'revoked':
        throw new AppError('session_revoked', { diagnosis: { cause: outcome.reason } });
      case 'reuse': {
        const { id, userId } = outcome.session;
        const diagnosis = { session: id, user: userId };
        // An instance that stood still finds requests whose clients have long gone elsewhere, and refreshed there.
        // Nobody gets an answer, so nobody who stole a token has anything of it.
        if (await connection.isClosed()) {
          throw new AppError('refresh_token_reused', { diagnosis: { ...diagnosis, unheard: true } });
        }
        const subject = { kind: 'session', id } as const;
        const event = {
          action: 'session.refresh_reused',
          actor: null,
          subject,
          sessionId: id,
          origin,
        } as const;
        await this.end(userId, id, { reason: 'refresh token reused', actor: null }, event);
        throw new AppError('refresh_token_reused', { diagnosis });
      }
    }
  }

  private pairOf(grant: SessionGrant, narrowTo: string | null = null): TokenPairDto {
    const scopes = narrowed(sessionScopes(grant), narrowTo);
    return {
      access_token: this.tokens.issueAccess({
        subject: grant.userId,
        sid: grant.id,
        clientId: grant.clientId,
        scopes,
        permissionVersion: grant.permissionVersion,
      }),
      token_type: 'bearer',
      expires_in: this.tokens.accessSeconds,
      refresh_token: this.tokens.issueRefresh({
        userId: grant.userId,
        sessionId: grant.id,
        generation: grant.generation,
        tokenId: grant.refreshTokenId,
        issuedAt: grant.rotatedAt,
        expiresAt: grant.idleExpiresAt,
      }),
      scope: scopes.join(' '),
    };
  }
}

/** What the user has now, within what the login asked for. */
function sessionScopes({ scopes, requestedScope }: SessionGrant): string[] {
  if (requestedScope === null) return scopes;
  const requested = new Set(parseScope(requestedScope));
  return scopes.filter((scope) => requested.has(scope));
}

/** RFC 6749 section 6: a refresh may ask for less than was granted, never for more. */
function narrowed(granted: string[], scope: string | null): string[] {
  if (scope === null) return granted;
  const requested = parseScope(scope);
  if (!requested?.every((name) => granted.includes(name))) throw new AppError('invalid_scope');
  return requested;
}

/** The contract's codes of a refused refresh token; the log keeps the exact cause. */
function asRefreshError(error: AppError): AppError {
  const { diagnosis = {} } = error;
  if (error.code === 'token_expired') return new AppError('refresh_token_expired', { diagnosis });
  if (error.code === 'token_wrong_type') {
    return new AppError('token_wrong_type', { detail: 'wrong token type', diagnosis });
  }
  if (error.code === 'token_revoked') return new AppError('session_revoked', { diagnosis });
  return error.status === 401 ? new AppError('refresh_token_invalid', { diagnosis }) : error;
}
