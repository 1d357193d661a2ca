import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { OPERATOR } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { RolesService } from '../users/roles.service.js';
import { AccountTakeOver } from './account-take-over.service.js';
import type { FileRow } from '../platform/files/record-file.js';
import { ImportRun, type Batch, type ImportCounts, type ImportReports } from './import-run.js';
import type { RowContext } from './user-row.js';
import { UserTransferRepository } from './user-transfer.repository.js';

/** Users per transaction: few enough that other work does not wait for it. */
const BATCH = 1000;
const ALL_USERS = { kind: 'user', id: '*' } as const;

export interface ImportOptions extends ImportReports {
  readonly dryRun: boolean;
  /** Gives accounts that hold names of the file to the users of the file. */
  readonly takeOver: boolean;
  /** Whether a known password has verified. The audit log records it. */
  readonly proven: boolean;
  readonly context: RowContext;
  /** Called after each batch. */
  readonly progress: (counts: ImportCounts) => void;
}

/** Imports users from a file. Existing users stay unchanged, so an interrupted import can be run again. */
@Injectable()
export class UsersImportService {
  constructor(
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly transfers: UserTransferRepository,
    private readonly takeOvers: AccountTakeOver,
    private readonly roles: RolesService,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Imports the users, each batch in a transaction.
   * @throws the database's errors; batches that were stored before stay
   */
  async run(rows: AsyncIterable<readonly FileRow[]>, options: ImportOptions): Promise<ImportCounts> {
    const run = new ImportRun(await this.roles.list(), this.clock.now(), options.context, options);
    let begun = false;
    const flush = async (): Promise<void> => {
      const batch = run.take();
      const added = options.dryRun
        ? new Set<string>()
        : await this.add(batch, begun ? undefined : options.proven);
      begun = true;
      await this.settle(run, batch, added, options);
      options.progress(run.counts);
    };
    for await (const chunk of rows) {
      for (const row of chunk) {
        run.read(row);
        if (run.waiting === BATCH) await flush();
      }
    }
    if (run.waiting > 0 || !begun) await flush();
    if (!options.dryRun) await this.record(run.counts, options.proven);
    return run.counts;
  }

  /** The first batch records the beginning of the import, so that a killed import is in the audit log too. */
  private add(batch: Batch, proven: boolean | undefined): Promise<ReadonlySet<string>> {
    return this.transactions.run(async (transaction) => {
      if (proven !== undefined) {
        const event = {
          action: 'users.import_started',
          actor: OPERATOR.subject,
          subject: ALL_USERS,
        } as const;
        await this.audit.record(transaction, { ...event, details: { proven } });
      }
      const now = new Date(this.clock.now());
      const added = new Set(await this.transfers.insertMissing(transaction.manager, batch, now));
      await this.outliveRevocations(
        transaction,
        batch.filter(({ id, ownId }) => ownId && added.has(id)),
      );
      return added;
    });
  }

  /**
   * Gives users whose id was deleted a short time ago a version that its revocation does not hit. Read after the insert,
   * which waits for the transaction of the deletion.
   */
  private async outliveRevocations({ manager }: Transaction, users: Batch): Promise<void> {
    const versions = await this.revocations.minVersions(
      manager,
      users.map(({ id }) => id),
    );
    await this.transfers.raiseVersions(manager, versions);
  }

  /** Counts the users of a batch, and takes accounts over where this is wanted. */
  private async settle(
    run: ImportRun,
    batch: Batch,
    added: ReadonlySet<string>,
    { dryRun, takeOver }: ImportOptions,
  ): Promise<void> {
    run.count('added', added.size);
    const others = new Map(batch.filter(({ id }) => !added.has(id)).map((user) => [user.id, user]));
    for (const holders of await this.transfers.findHolders(this.manager, [...others.values()])) {
      const user = others.get(holders.id);
      if (!user) continue;
      const { own, email, username } = holders;
      if (!run.isConflict(holders)) {
        // A dry run has added no user.
        run.count(own === null && email === null && username === null && dryRun ? 'added' : 'present');
      } else if (takeOver && !dryRun && (await this.takeOvers.takeOver(user))) run.count('taken_over');
      else run.conflict(user, holders);
    }
  }

  private async record(counts: ImportCounts, proven: boolean): Promise<void> {
    const { lines, added, present, conflicts, taken_over: takenOver, refused } = counts;
    const details = { lines, added, present, conflicts, taken_over: takenOver, refused, proven };
    const event = { action: 'users.imported', actor: OPERATOR.subject, subject: ALL_USERS } as const;
    await this.transactions.run((transaction) => this.audit.record(transaction, { ...event, details }));
  }
}
