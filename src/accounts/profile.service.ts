import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../access/principal.js';
import { auditEvent } from '../audit/actor-event.js';
import { AuditService } from '../audit/audit.service.js';
import { AccountWrites } from '../limits/account-writes.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { UserAccessService } from '../users/user-access.service.js';
import type { UserRecord } from '../users/user-records.js';
import { changedFields, UsersService, type ChangeProfile } from '../users/users.service.js';

/** Changes a user's own profile. */
@Injectable()
export class ProfileService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly access: UserAccessService,
    private readonly writes: AccountWrites,
    private readonly audit: AuditService,
  ) {}

  /**
   * Changes the principal's own profile. A change of nothing writes nothing and does not count.
   * @throws AppError `not_found`, `email_taken`, `username_taken`, `too_many_attempts`
   */
  async change(principal: UserPrincipal, change: ChangeProfile): Promise<UserRecord> {
    const { userId } = principal;
    const before = await this.users.get(userId);
    if (changedFields(before, change).length === 0) return before;
    await this.writes.take(userId);
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const locked = await this.access.lock(manager, userId);
      if (!locked) throw new AppError('not_found');
      const { user, fields } = await this.users.changeProfile(manager, locked, change);
      if (fields.length === 0) return user;
      await this.audit.record(transaction, auditEvent(principal, 'user.updated', 'user', userId, { fields }));
      return user;
    });
  }
}
