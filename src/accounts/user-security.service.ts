import { Injectable } from '@nestjs/common';
import type { Actor } from '../access/principal.js';
import { auditEvent } from '../audit/actor-event.js';
import { AuditService } from '../audit/audit.service.js';
import { GuessLimits } from '../limits/guess-limits.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { UserAccessService } from '../users/user-access.service.js';
import { UserCredentialsService } from '../users/user-credentials.service.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService } from '../users/users.service.js';

/** Administrators' security measures for other accounts: new passwords, ended sessions, forgotten failures. */
@Injectable()
export class UserSecurityService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly access: UserAccessService,
    private readonly credentials: UserCredentialsService,
    private readonly termination: SessionTermination,
    private readonly audit: AuditService,
    private readonly limits: GuessLimits,
    private readonly passwords: NewPasswords,
  ) {}

  /**
   * Gives a user a new password, which the user must change, without asking for the old one. All sessions of the user end. Earlier wrong passwords
   * are forgotten, so that an attacker's guesses do not delay the owner.
   * @param given the password; a generated one if absent
   * @returns the password
   * @throws AppError `not_found`, `validation_failed`, `insufficient_scope`, `overloaded`
   */
  async setPassword(actor: Actor, id: string, given?: string): Promise<string> {
    const password = given ?? (await this.passwords.generate());
    await this.passwords.assertAcceptable(password, await this.users.get(id));
    const hash = await this.passwords.hash(password);
    const cause = { reason: 'password set by an administrator', actor: actor.subject };
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const user = await this.access.lockManaged(manager, actor, id);
      await this.credentials.setHash(manager, user.id, hash);
      await this.termination.endAll(transaction, user.id, cause);
      await this.audit.record(transaction, auditEvent(actor, 'user.password_changed', 'user', user.id));
    });
    await this.limits.clear(id);
    return password;
  }

  /** Ends every session of a user. @throws AppError `not_found`, `insufficient_scope` */
  async endSessions(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const user = await this.lockToEnd(transaction, actor, id);
      const cause = { reason: 'sessions ended by an administrator', actor: actor.subject };
      await this.termination.endAll(transaction, user.id, cause);
      await this.audit.record(transaction, auditEvent(actor, 'session.ended_all', 'user', user.id));
    });
  }

  /** Forgets the wrong passwords for an account, so that its owner can log in at once. @throws AppError `not_found` */
  async forgetFailures(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const user = await this.lockToEnd(transaction, actor, id);
      await this.audit.record(transaction, auditEvent(actor, 'user.failures_forgotten', 'user', user.id));
    });
    await this.limits.clear(id);
  }

  /** Ends one session. @throws AppError `not_found` unless the user has such a live session, `insufficient_scope` */
  async endSession(actor: Actor, id: string, sessionId: string): Promise<void> {
    const cause = { reason: 'session ended by an administrator', actor: actor.subject };
    await this.transactions.run(async (transaction) => {
      const user = await this.lockToEnd(transaction, actor, id);
      if (!(await this.termination.endOne(transaction, user.id, sessionId, cause)))
        throw new AppError('not_found');
      await this.audit.record(transaction, auditEvent(actor, 'session.ended', 'session', sessionId));
    });
  }

  /** @throws AppError `not_found`, `insufficient_scope` */
  private async lockToEnd({ manager }: Transaction, actor: Actor, id: string): Promise<UserRecord> {
    const user = await this.access.lockToEnd(manager, actor, id);
    if (!user) throw new AppError('not_found');
    return user;
  }
}
