import { Injectable } from '@nestjs/common';
import type { Origin } from '../access/origin.decorator.js';
import { AuditService } from '../audit/audit.service.js';
import { ClientAddresses } from '../limits/client-addresses.js';
import { Transactions } from '../platform/database/transaction.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService, type CreateUser } from '../users/users.service.js';

/** Creates the accounts of people who register themselves. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly audit: AuditService,
    private readonly addresses: ClientAddresses,
  ) {}

  /**
   * Creates an account with the role `user`, together with its audit event.
   * @throws AppError `validation_failed`, `email_taken`, `username_taken`, `overloaded`
   */
  async register(input: Omit<CreateUser, 'roles'>, origin: Origin): Promise<UserRecord> {
    const lane = this.addresses.clientOf(origin.ip);
    const user = await this.users.prepare({ ...input, roles: ['user'] }, lane);
    return this.transactions.run(async (transaction) => {
      const created = await this.users.add(user, transaction.manager);
      const subject = { kind: 'user', id: user.id } as const;
      await this.audit.record(transaction, { action: 'user.registered', actor: user.id, subject, origin });
      return created;
    });
  }
}
