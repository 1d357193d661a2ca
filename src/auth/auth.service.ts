import { Injectable } from '@nestjs/common';
import { FIRST_PARTY, type Principal } from '../access/principal.js';
import type { Origin } from '../access/origin.decorator.js';
import { parseScope } from '../access/scopes.js';
import { Transactions } from '../database/transaction.js';
import { AppError } from '../kernel/app-error.js';
import { Clock } from '../kernel/clock.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { SessionsRepository, type SessionGrant } from '../sessions/sessions.repository.js';
import { SessionsService, type RefreshOutcome } from '../sessions/sessions.service.js';
import { UsersRepository } from '../users/users.repository.js';
import type { Login } from './credentials.service.js';
import type { TokenPairDto } from './dto/token.dto.js';
import { TokenService } from './token.service.js';

/** Logging in, refreshing and logging out: sessions and their tokens together. */
@Injectable()
export class AuthService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersRepository,
    private readonly sessions: SessionsService,
    private readonly sessionRows: SessionsRepository,
    private readonly revocations: RevocationsService,
    private readonly tokens: TokenService,
    private readonly clock: Clock,
  ) {}

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
    if (scope !== null && parseScope(scope) === undefined) throw new AppError('invalid_scope');
    const grant = await this.transactions.run(async ({ manager }) => {
      const user = await this.users.lockForSession(manager, userId);
      // A password changed since it was checked must not open a session that the change would have ended.
      if (user?.passwordHash !== passwordHash) throw new AppError('invalid_credentials');
      if (user.status !== 'active') throw new AppError('account_disabled');
      return this.sessions.start(manager, { userId, clientId: FIRST_PARTY, requestedScope: scope, origin });
    });
    return this.pairOf(grant);
  }

  /**
   * Answers a refresh token with the pair that follows it (RFC 6749 section 6, RFC 9700 section 4.14.2).
   * @param scope a narrower scope for this access token, or null
   * @throws AppError `refresh_token_invalid`, `refresh_token_expired`, `refresh_token_reused`, `session_revoked`,
   * `token_wrong_type`, `invalid_scope`
   */
  async refresh(refreshToken: string, scope: string | null = null): Promise<TokenPairDto> {
    const { sid, gen } = this.verifyRefresh(refreshToken);
    const outcome = await this.sessions.present(sid, gen);
    return this.pairOf(await this.granted(outcome), scope);
  }

  /** Ends the principal's session; its tokens are dead on every instance within a second. */
  async logout({ userId, sessionId }: Principal): Promise<void> {
    await this.endSessions(userId, { only: sessionId, reason: 'logged out', actor: userId });
  }

  /** Ends every session of the principal's user. */
  async logoutAll({ userId }: Principal): Promise<void> {
    const now = new Date(this.clock.now());
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const version = await this.users.raisePermissionVersion(manager, userId, { now });
      await this.sessionRows.end(manager, userId, { reason: 'logged out everywhere', now });
      const minVersion = version === undefined ? {} : { minVersion: version };
      await this.revocations.revoke(transaction, {
        kind: 'user',
        subjects: [userId],
        reason: 'logged out everywhere',
        actor: userId,
        ...minVersion,
      });
    });
  }

  /** Ends one session of a user. @throws AppError `not_found` where it is not a live session of theirs */
  async endSession(userId: string, sessionId: string, actor: string): Promise<void> {
    const ended = await this.endSessions(userId, { only: sessionId, reason: 'session ended', actor });
    if (ended.length === 0) throw new AppError('not_found');
  }

  private async endSessions(
    userId: string,
    which: { readonly only: string; readonly reason: string; readonly actor: string | null },
  ): Promise<string[]> {
    const now = new Date(this.clock.now());
    return this.transactions.run(async (transaction) => {
      const ended = await this.sessionRows.end(transaction.manager, userId, { ...which, now });
      await this.revocations.revoke(transaction, {
        kind: 'session',
        subjects: ended,
        reason: which.reason,
        actor: which.actor,
      });
      return ended;
    });
  }

  private verifyRefresh(refreshToken: string): { sid: string; gen: number } {
    try {
      return this.tokens.verify('refresh', refreshToken).claims;
    } catch (error) {
      throw error instanceof AppError ? asRefreshError(error) : error;
    }
  }

  /** @throws AppError for every outcome but a grant; a reused token ends its session first */
  private async granted(outcome: RefreshOutcome): Promise<SessionGrant> {
    switch (outcome.kind) {
      case 'granted':
        return outcome.grant;
      case 'expired':
        throw new AppError('refresh_token_expired');
      case 'revoked':
        throw new AppError('session_revoked', { diagnosis: { cause: outcome.reason } });
      case 'reuse': {
        const { id, userId } = outcome.session;
        await this.endSessions(userId, { only: id, reason: 'refresh token reused', actor: null });
        throw new AppError('refresh_token_reused', { diagnosis: { session: id, user: userId } });
      }
    }
  }

  private pairOf(grant: SessionGrant, narrowTo: string | null = null): TokenPairDto {
    const scopes = narrowed(sessionScopes(grant), narrowTo);
    return {
      access_token: this.tokens.issueAccess({
        userId: grant.userId,
        sessionId: grant.id,
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
