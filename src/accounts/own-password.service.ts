import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../access/principal.js';
import { auditEvent } from '../audit/actor-event.js';
import { AuditService } from '../audit/audit.service.js';
import { CredentialsService } from '../auth/credentials.service.js';
import { AccountWrites } from '../limits/account-writes.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { UserCredentialsService } from '../users/user-credentials.service.js';
import { UsersService } from '../users/users.service.js';

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/** Changes a user's own password. */
@Injectable()
export class OwnPasswordService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly hashes: UserCredentialsService,
    private readonly credentials: CredentialsService,
    private readonly passwords: NewPasswords,
    private readonly termination: SessionTermination,
    private readonly writes: AccountWrites,
    private readonly audit: AuditService,
  ) {}

  /**
   * Changes the principal's own password. Every other session of theirs ends, this one stays. A user who had to change it
   * is free to do everything else after a refresh.
   * @throws AppError `not_found`, `invalid_credentials`, `validation_failed`, `too_many_attempts`, `overloaded`
   */
  async change(principal: UserPrincipal, change: PasswordChange): Promise<void> {
    const { userId, sessionId } = principal;
    const from = await this.credentials.checkOwn(principal, change.currentPassword);
    const user = await this.users.get(userId);
    await this.passwords.assertAcceptable(change.newPassword, user, 'new_password');
    if (change.newPassword === change.currentPassword) throw invalidField('new_password', 'unchanged');
    await this.writes.take(userId);
    const to = await this.passwords.hash(change.newPassword);
    const cause = { reason: 'password changed', actor: userId };
    await this.transactions.run(async (transaction) => {
      // A login that checked the old password meanwhile finds another hash and opens no session.
      const replaced = await this.hashes.replaceHash(userId, { from, to, chosen: true }, transaction.manager);
      if (!replaced) throw new AppError('invalid_credentials');
      await this.termination.endOthers(transaction, userId, sessionId, cause);
      // The tokens of before open the change of the password alone; a refresh brings the user's scopes.
      if (user.passwordChangeRequired) await this.termination.makeTokensStale(transaction, userId, cause);
      await this.audit.record(transaction, auditEvent(principal, 'user.password_changed', 'user', userId));
    });
  }
}
