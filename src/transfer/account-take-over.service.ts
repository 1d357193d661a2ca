import { Injectable } from '@nestjs/common';
import { OPERATOR } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { GuessLimits } from '../limits/guess-limits.js';
import { uniqueViolation } from '../platform/database/connection.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { UserAccessService } from '../users/user-access.service.js';
import { UserTransferRepository, type Holders, type ImportedUser } from './user-transfer.repository.js';

/** Gives an account that holds an address or user name of the file to the user of the file. */
@Injectable()
export class AccountTakeOver {
  constructor(
    private readonly transactions: Transactions,
    private readonly access: UserAccessService,
    private readonly transfers: UserTransferRepository,
    private readonly termination: SessionTermination,
    private readonly audit: AuditService,
    private readonly limits: GuessLimits,
    private readonly clock: Clock,
  ) {}

  /**
   * Replaces names and password hash of the account that holds the user's address or user name, and ends its sessions.
   * Its tokens are refused within a second. Id and roles stay.
   * @returns whether it was taken over; false where two accounts hold the two names, or another has just taken one
   */
  async takeOver(user: ImportedUser): Promise<boolean> {
    try {
      const id = await this.transactions.run((transaction) => this.replace(transaction, user));
      if (id !== undefined) await this.limits.clear(id);
      return id !== undefined;
    } catch (error) {
      if (uniqueViolation(error) === undefined) throw error;
      return false;
    }
  }

  private async replace(transaction: Transaction, user: ImportedUser): Promise<string | undefined> {
    const { manager } = transaction;
    const id = await this.holder(transaction, user);
    if (id === undefined || !(await this.access.lock(manager, id))) return undefined;
    // Another change may have come before the lock.
    if ((await this.holder(transaction, user)) !== id) return undefined;
    await this.transfers.replaceIdentity(manager, id, user, new Date(this.clock.now()));
    const cause = { reason: 'account taken over by an import', actor: OPERATOR.subject };
    const status = user.status === 'disabled' ? { status: user.status } : {};
    await this.termination.endAll(transaction, id, { ...cause, ...status });
    await this.audit.record(transaction, {
      action: 'user.taken_over',
      actor: OPERATOR.subject,
      subject: { kind: 'user', id },
    });
    return id;
  }

  private async holder({ manager }: Transaction, user: ImportedUser): Promise<string | undefined> {
    const [holders] = await this.transfers.findHolders(manager, [user]);
    return holders && soleHolder(holders);
  }
}

/** The only account that has names of a user; undefined for none or two, or if an import created one for the user. */
function soleHolder({ own, email, username }: Holders): string | undefined {
  const others = new Set([email, username].filter((id) => id !== null));
  const [id] = others;
  return own === null && others.size === 1 ? id : undefined;
}
