import { Injectable } from '@nestjs/common';
import type { LiveRevocation } from '@latchkey/token-rules';
import type { Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationsService, type Cause } from '../revocation/revocations.service.js';
import { UserAccessService } from '../users/user-access.service.js';
import { SessionsRepository } from './sessions.repository.js';

/** Ends sessions and revokes their tokens, always in the transaction of the change that ends them. */
@Injectable()
export class SessionTermination {
  constructor(
    private readonly users: UserAccessService,
    private readonly sessions: SessionsRepository,
    private readonly revocations: RevocationsService,
    private readonly clock: Clock,
  ) {}

  /** Ends one session of a user. @returns whether it was a live session of theirs */
  async endOne(transaction: Transaction, userId: string, sessionId: string, cause: Cause): Promise<boolean> {
    return (await this.endSome(transaction, userId, [sessionId], cause)).length > 0;
  }

  /** Ends some sessions of a user. @returns the ids of those that were live sessions of theirs */
  async endSome(
    transaction: Transaction,
    userId: string,
    only: readonly string[],
    cause: Cause,
  ): Promise<string[]> {
    const subjects = await this.endRows(transaction, userId, { only }, cause);
    await this.revocations.revoke(transaction, { kind: 'session', subjects, ...cause });
    return subjects;
  }

  /** Ends one session whose tokens the caller revokes by a row of its own. */
  async endWithoutRevocation(
    transaction: Transaction,
    userId: string,
    sessionId: string,
    cause: Cause,
  ): Promise<void> {
    await this.endRows(transaction, userId, { only: [sessionId] }, cause);
  }

  /** Ends every session of a user but one. */
  async endOthers(transaction: Transaction, userId: string, except: string, cause: Cause): Promise<void> {
    const subjects = await this.endRows(transaction, userId, { except }, cause);
    await this.revocations.revoke(transaction, { kind: 'session', subjects, ...cause });
  }

  /**
   * Ends all sessions of a user and voids their device cookies, and with `status` also disables the account. Tokens are revoked by
   * version, which does not depend on clocks: a token that is being issued at this moment carries the former version.
   * @throws AppError `not_found`
   */
  async endAll(
    transaction: Transaction,
    userId: string,
    change: Cause & { readonly status?: 'disabled' },
  ): Promise<LiveRevocation> {
    const { reason, actor } = change;
    const now = new Date(this.clock.now());
    const version = await this.users.raisePermissionVersion(transaction.manager, userId, {
      ...change,
      now,
      voidsDevices: true,
    });
    if (version === undefined) throw new AppError('not_found');
    await this.endRows(transaction, userId, {}, change);
    const [row] = await this.revocations.revoke(transaction, {
      kind: 'user',
      subjects: [userId],
      minVersion: version,
      reason,
      actor,
    });
    return row as LiveRevocation;
  }

  /** Makes the access tokens of a user stale: a refresh brings what the user may do from now on. */
  async makeTokensStale(transaction: Transaction, userId: string, cause: Cause): Promise<void> {
    const now = new Date(this.clock.now());
    const version = await this.users.raisePermissionVersion(transaction.manager, userId, { now });
    if (version === undefined) throw new AppError('not_found');
    await this.revocations.makeStale(transaction, new Map([[userId, version]]), cause);
  }

  private endRows(
    { manager }: Transaction,
    userId: string,
    which: { readonly only?: readonly string[]; readonly except?: string },
    { reason }: Cause,
  ): Promise<string[]> {
    const now = new Date(this.clock.now());
    return this.sessions.end(manager, userId, { ...which, reason, now });
  }
}
