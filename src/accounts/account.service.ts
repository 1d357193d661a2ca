import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../access/principal.js';
import { auditEvent } from '../audit/actor-event.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { UserAccessService } from '../users/user-access.service.js';

/** Deletes a user's own account. */
@Injectable()
export class AccountService {
  constructor(
    private readonly transactions: Transactions,
    private readonly access: UserAccessService,
    private readonly termination: SessionTermination,
    private readonly audit: AuditService,
  ) {}

  /**
   * Deletes the principal's own account with its sessions, and revokes its tokens at once.
   * @throws AppError `not_found`, `last_administrator`
   */
  async delete(principal: UserPrincipal): Promise<void> {
    const { userId } = principal;
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      if (await this.access.isLastAdministrator(manager, userId)) throw new AppError('last_administrator');
      await this.termination.endAll(transaction, userId, { reason: 'account deleted', actor: userId });
      await this.access.delete(manager, userId);
      await this.audit.record(transaction, auditEvent(principal, 'user.deleted', 'user', userId));
    });
  }
}
