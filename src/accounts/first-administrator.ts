import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Transactions } from '../platform/database/transaction.js';
import { parseInput } from '../platform/kernel/validation.js';
import { emailField } from '../users/identity.js';
import { UserAccessService } from '../users/user-access.service.js';
import { UsersService } from '../users/users.service.js';

/** An advisory lock, so that one of several starting instances creates the administrator. */
const FIRST_ADMINISTRATOR_LOCK = 0x61646d6e;
const GENERATED_EMAIL = 'admin@latchkey.localhost';
const GENERATED_USERNAME = 'admin';

export interface CreatedAdministrator {
  readonly username: string;
  /** Undefined unless it was generated. Shown once and stored only as a hash. */
  readonly generatedPassword: string | undefined;
}

/** Creates the first administrator of an installation, once. */
@Injectable()
export class FirstAdministrator {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly access: UserAccessService,
    private readonly audit: AuditService,
    private readonly passwords: NewPasswords,
  ) {}

  /**
   * Creates an administrator unless one exists, with the given e-mail address and password or with generated ones. A
   * generated password must be changed at the first login.
   * @returns undefined if an administrator exists
   * @throws AppError `validation_failed` if the given address or password is not acceptable
   */
  async ensure(
    given: { email: string; password: string } | undefined,
  ): Promise<CreatedAdministrator | undefined> {
    const generated = given ? undefined : await this.passwords.generate();
    const email = given ? parseInput(emailField, given.email) : GENERATED_EMAIL;
    const password = given?.password ?? generated ?? '';
    const username = given ? null : GENERATED_USERNAME;
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      // Raw: an advisory lock, which belongs to no table.
      await manager.query('SELECT pg_advisory_xact_lock($1)', [FIRST_ADMINISTRATOR_LOCK]);
      if (await this.access.hasAdministrator(manager)) return undefined;
      const input = {
        ...{ email, password, username, fullName: 'Administrator', roles: ['user', 'admin'] },
        passwordChangeRequired: generated !== undefined,
      };
      const { id } = await this.users.add(await this.users.prepare(input), manager);
      const subject = { kind: 'user', id } as const;
      await this.audit.record(transaction, { action: 'administrator.created', actor: null, subject });
      return { username: username ?? email, generatedPassword: generated };
    });
  }
}
