import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { OPERATOR } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { UserTransferRepository } from './user-transfer.repository.js';
import { userLine } from './user-row.js';
import { UsersService } from '../users/users.service.js';

const PAGE = 1000;

/** Exports every user with their password hash. */
@Injectable()
export class UsersExportService {
  constructor(
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly users: UsersService,
    private readonly transfers: UserTransferRepository,
    private readonly audit: AuditService,
  ) {}

  /**
   * The lines of an export, a page of users at a time. The audit event is written before the first page, because an
   * interrupted export has disclosed hashes too.
   */
  async *lines(): AsyncGenerator<string> {
    await this.transactions.run(async (transaction) => {
      const details = { users: await this.users.count(transaction.manager) };
      const subject = { kind: 'user', id: '*' } as const;
      await this.audit.record(transaction, {
        action: 'users.exported',
        actor: OPERATOR.subject,
        subject,
        details,
      });
    });
    for (let after: string | null = null; ;) {
      const page = await this.transfers.exportPage(this.manager, after, PAGE);
      const last = page.at(-1);
      if (!last) return;
      yield page.map(userLine).join('');
      after = last.id;
    }
  }
}
