import { Injectable } from '@nestjs/common';
import type { RefreshClaims } from '@latchkey/token-rules';
import { ASKED_NOTHING, type Asked } from '../access/audience.js';
import type { ClientConnection } from '../access/client-connection.decorator.js';
import type { Origin } from '../access/origin.decorator.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { publish, publishingRefusals } from '../platform/metrics/events.js';
import type { SessionGrant, SessionRow } from '../sessions/session-records.js';
import { SessionsService, type RefreshOutcome } from '../sessions/sessions.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import type { TokenPairDto } from './dto/token.dto.js';
import { TokenPairs } from './token-pairs.js';
import { TokenService } from './token.service.js';

/** The session and generation that a verified token names. */
type PresentedClaims = Pick<RefreshClaims, 'sid' | 'gen'>;

/** Checks a refresh token, presents it to its session, and returns the next pair of tokens. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly tokens: TokenService,
    private readonly pairs: TokenPairs,
    private readonly sessions: SessionsService,
    private readonly termination: SessionTermination,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
  ) {}

  /**
   * Exchanges a refresh token for the next pair (RFC 6749 section 6, RFC 9700 section 4.14.2).
   * @param asked may narrow the scope of this access token, and may repeat the audience of the session, not change it
   * @throws AppError `refresh_token_invalid`, `refresh_token_expired`, `refresh_token_reused`, `session_revoked`,
   * `token_wrong_type`, `invalid_scope`, `invalid_target`
   */
  async refresh(
    refreshToken: string,
    from: { readonly origin: Origin; readonly connection: ClientConnection },
    asked: Asked = ASKED_NOTHING,
  ): Promise<TokenPairDto> {
    return publishingRefusals('refresh', async () => {
      const claims = this.verifyRefresh(refreshToken);
      if (asked.scope !== null || asked.resource !== null) await this.assertWithin(claims, asked);
      return this.pairs.of(await this.present(claims, from), asked.scope);
    });
  }

  /**
   * Presents a verified token of a session, and returns the session as it is after the rotation.
   * @throws AppError `refresh_token_expired`, `refresh_token_reused`, `session_revoked`
   */
  async present(
    { sid, gen }: PresentedClaims,
    from: { readonly origin: Origin; readonly connection: ClientConnection },
  ): Promise<SessionGrant> {
    return this.granted(await this.sessions.present(sid, gen), from);
  }

  /**
   * Refuses too wide a scope or another audience before the token is used up. The rotation refuses a token that is not
   * valid.
   */
  private async assertWithin({ sid, gen }: PresentedClaims, asked: Asked): Promise<void> {
    const session = await this.sessions.findRefreshable(sid, gen);
    if (session) this.pairs.assertGrants(session, asked);
  }

  private verifyRefresh(refreshToken: string): PresentedClaims {
    try {
      return this.tokens.verify('refresh', refreshToken).claims;
    } catch (error) {
      throw error instanceof AppError ? asRefreshError(error) : error;
    }
  }

  /** The grant of an outcome; a reused token ends its session. @throws AppError for every other outcome */
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
        // A frozen instance that resumes gets requests whose clients have since refreshed on another instance. A closed
        // connection delivers no answer, so a thief gains nothing from a session that goes on (decision 0010).
        if (await connection.isClosed()) {
          throw new AppError('refresh_token_reused', { diagnosis: { ...diagnosis, unheard: true } });
        }
        await this.endReused(outcome.session, origin);
        throw new AppError('refresh_token_reused', { diagnosis });
      }
    }
  }

  /** Ends a session that two parties hold. Its tokens are refused by every instance within a second. */
  private async endReused({ id, userId }: SessionRow, origin: Origin): Promise<void> {
    const cause = { reason: 'refresh token reused', actor: null };
    const subject = { kind: 'session', id } as const;
    await this.transactions.run(async (transaction) => {
      if (!(await this.termination.endOne(transaction, userId, id, cause))) return;
      const event = {
        action: 'session.refresh_reused',
        actor: null,
        subject,
        sessionId: id,
        origin,
      } as const;
      await this.audit.record(transaction, event);
    });
  }
}

/** The error of the contract for a refused refresh token, with the same diagnosis for the log. */
function asRefreshError(error: AppError): AppError {
  const { diagnosis = {} } = error;
  if (error.code === 'token_expired') return new AppError('refresh_token_expired', { diagnosis });
  if (error.code === 'token_wrong_type') {
    return new AppError('token_wrong_type', { detail: 'wrong token type', diagnosis });
  }
  if (error.code === 'token_revoked') return new AppError('session_revoked', { diagnosis });
  return error.status === 401 ? new AppError('refresh_token_invalid', { diagnosis }) : error;
}
