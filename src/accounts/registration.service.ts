import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { Origin } from '../access/origin.decorator.js';
import { AuditService } from '../audit/audit.service.js';
import { ClientAddresses } from '../limits/client-addresses.js';
import { REGISTRATION_CONFIG, type RegistrationConfig } from '../platform/config/config.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { UserAccessService } from '../users/user-access.service.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService, type CreateUser } from '../users/users.service.js';

/** Creates the accounts of people who register themselves. */
@Injectable()
export class RegistrationService {
  /** Whether an administrator was seen. The last one cannot be removed, so there is one from then on. */
  private hasAdministrator = false;

  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly audit: AuditService,
    private readonly addresses: ClientAddresses,
    private readonly access: UserAccessService,
    private readonly manager: EntityManager,
    @Inject(REGISTRATION_CONFIG) private readonly config: RegistrationConfig,
  ) {}

  /**
   * Creates an account with the role `user`, together with its audit event.
   * @throws AppError `registration_closed`, `validation_failed`, `email_taken`, `username_taken`, `overloaded`
   */
  async register(input: Omit<CreateUser, 'roles'>, origin: Origin): Promise<UserRecord> {
    await this.assertOpen();
    const lane = this.addresses.clientOf(origin.ip);
    const user = await this.users.prepare({ ...input, roles: ['user'] }, lane);
    return this.transactions.run(async (transaction) => {
      const created = await this.users.add(user, transaction.manager);
      const subject = { kind: 'user', id: user.id } as const;
      await this.audit.record(transaction, { action: 'user.registered', actor: user.id, subject, origin });
      return created;
    });
  }

  /** Whether a visitor may create an account now. */
  async isOpen(): Promise<boolean> {
    try {
      await this.assertOpen();
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'registration_closed') return false;
      throw error;
    }
  }

  /**
   * A stranger who registers before the first administrator could take the administrator's names, so in production
   * registration opens only after that.
   */
  private async assertOpen(): Promise<void> {
    if (!this.config.open) throw closed('REGISTRATION is closed');
    if (!this.config.needsAdministrator || this.hasAdministrator) return;
    this.hasAdministrator = await this.access.hasAdministrator(this.manager);
    if (!this.hasAdministrator) throw closed('production has no administrator yet');
  }
}

function closed(cause: string): AppError {
  return new AppError('registration_closed', { diagnosis: { cause } });
}
