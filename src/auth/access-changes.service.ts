import { Injectable } from '@nestjs/common';
import type { LiveRevocation } from '../../packages/verifier/src/revocation-set.js';
import type { Transaction } from '../database/transaction.js';
import { AppError } from '../kernel/app-error.js';
import { Clock } from '../kernel/clock.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { UsersRepository } from '../users/users.repository.js';

export interface Cause {
  readonly reason: string;
  /** The user or client who asked for it, or `command-line`; null for the service itself. */
  readonly actor: string | null;
}

/** What a change of accounts means for sessions and tokens; always in the transaction of that change. */
@Injectable()
export class AccessChanges {
  constructor(
    private readonly users: UsersRepository,
    private readonly sessions: SessionsRepository,
    private readonly revocations: RevocationsService,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends all sessions of a user, and with `status` also disables the account. Tokens are dead by version, which does
   * not depend on clocks: one that is being issued at this moment carries the version of before.
   * @throws AppError `not_found`
   */
  async endEverything(
    transaction: Transaction,
    userId: string,
    change: Cause & { readonly status?: 'disabled' },
  ): Promise<LiveRevocation> {
    const { reason, actor } = change;
    const now = new Date(this.clock.now());
    const version = await this.users.raisePermissionVersion(transaction.manager, userId, { ...change, now });
    if (version === undefined) throw new AppError('not_found');
    await this.sessions.end(transaction.manager, userId, { reason, now });
    const [row] = await this.revocations.revoke(transaction, {
      kind: 'user',
      subjects: [userId],
      minVersion: version,
      reason,
      actor,
    });
    return row as LiveRevocation;
  }

  /** Makes the tokens of users stale: those older than the permission version each of them has now. */
  async makeStale(
    transaction: Transaction,
    versions: ReadonlyMap<string, number>,
    { reason, actor }: Cause,
  ): Promise<void> {
    await this.revocations.revoke(transaction, {
      kind: 'user',
      subjects: [...versions.keys()],
      minVersion: versions,
      soft: true,
      reason,
      actor,
    });
  }
}
