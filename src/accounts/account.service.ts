import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { assertAcceptablePassword } from '../passwords/password-policy.js';
import { UserAccessService } from '../users/user-access.service.js';
import { UserCredentialsService } from '../users/user-credentials.service.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService, type ChangeProfile } from '../users/users.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { auditEvent } from '../audit/actor-event.js';
import { CredentialsService } from '../auth/credentials.service.js';

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/** Changes a user's own account: profile, password, deletion. Each change commits with its revocation and audit event. */
@Injectable()
export class AccountService {
  constructor(
    private readonly transactions: Transactions,
    private readonly accounts: UsersService,
    private readonly access: UserAccessService,
    private readonly hashes: UserCredentialsService,
    private readonly credentials: CredentialsService,
    private readonly hasher: PasswordHasher,
    private readonly termination: SessionTermination,
    private readonly audit: AuditService,
  ) {}

  /**
   * Changes the principal's own password. Every other session of theirs ends, this one stays.
   * @throws AppError `invalid_credentials`, `validation_failed`, `overloaded`
   */
  async changePassword(principal: UserPrincipal, change: PasswordChange): Promise<void> {
    const { userId, sessionId } = principal;
    const from = await this.credentials.checkOwn(userId, change.currentPassword, principal.origin.ip);
    assertAcceptablePassword(change.newPassword, await this.accounts.get(userId), 'new_password');
    const to = await this.hasher.hash(change.newPassword);
    const cause = { reason: 'password changed', actor: userId };
    await this.transactions.run(async (transaction) => {
      // A login that checked the old password meanwhile finds another hash and opens no session.
      const replaced = await this.hashes.replaceHash(userId, { from, to }, transaction.manager);
      if (!replaced) throw new AppError('invalid_credentials');
      await this.termination.endOthers(transaction, userId, sessionId, cause);
      await this.audit.record(transaction, auditEvent(principal, 'user.password_changed', 'user', userId));
    });
  }

  /**
   * Changes the principal's own profile. A change of nothing writes nothing.
   * @throws AppError `not_found`, `email_taken`, `username_taken`
   */
  async changeProfile(principal: UserPrincipal, change: ChangeProfile): Promise<UserRecord> {
    const { userId } = principal;
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const known = await this.access.lock(manager, userId);
      if (!known) throw new AppError('not_found');
      const { user, fields } = await this.accounts.changeProfile(manager, known, change);
      if (fields.length === 0) return user;
      await this.audit.record(transaction, auditEvent(principal, 'user.updated', 'user', userId, { fields }));
      return user;
    });
  }

  /**
   * Deletes the principal's own account with its sessions; its tokens are dead at once.
   * @throws AppError `not_found`, `last_administrator`
   */
  async delete(principal: UserPrincipal): Promise<void> {
    const { userId } = principal;
    await this.transactions.run(async (transaction) => {
      await this.assertNotLast(transaction, userId);
      await this.termination.endAll(transaction, userId, { reason: 'account deleted', actor: userId });
      await this.access.delete(transaction.manager, userId);
      await this.audit.record(transaction, auditEvent(principal, 'user.deleted', 'user', userId));
    });
  }

  private async assertNotLast({ manager }: Transaction, userId: string): Promise<void> {
    if (await this.access.isLastAdministrator(manager, userId)) throw new AppError('last_administrator');
  }
}
