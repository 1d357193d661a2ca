import { Injectable } from '@nestjs/common';
import type { LiveRevocation } from '@latchkey/token-rules';
import type { Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationsService, type Cause } from '../revocation/revocations.service.js';
import { SessionsRepository } from './sessions.repository.js';
import { UsersRepository } from '../users/users.repository.js';

/** Ends sessions and revokes their tokens, always in the transaction of the change that ends them. */
@Injectable()
export class SessionTermination {
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
  async endAll(
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
}
