import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { OPERATOR } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import type { FirebaseParameters } from '../passwords/exported-parts.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { emailKeyOf } from '../users/identity.js';
import { UserTransferRepository, type ImportedUser, type Conflict } from './user-transfer.repository.js';
import { RolesService } from '../users/roles.service.js';
import { readUserRow, type RowRefusal } from './user-row.js';

/** Users per transaction: few enough that other work does not wait for it. */
const BATCH = 1000;
const UNKNOWN_ROLES_MAX = 100;
const ALL_USERS = { kind: 'user', id: '*' } as const;

/** A line of the file; `fields` is undefined if the line could not be parsed. */
export interface FileRow {
  /** Counted from 1. */
  readonly line: number;
  readonly fields: unknown;
}

export interface ImportOptions {
  readonly dryRun: boolean;
  /** Whether a known password has verified. The audit log records it. */
  readonly proven: boolean;
  readonly firebase?: FirebaseParameters | undefined;
  readonly refused: (line: number, refusal: RowRefusal) => void;
  /** Called after each batch. */
  readonly progress: (counts: ImportCounts) => void;
}

export interface ImportCounts {
  readonly lines: number;
  /** In a dry run: the users that would be added. */
  readonly added: number;
  /** Users whose e-mail address already existed. */
  readonly present: number;
  readonly refused: number;
  /** The number of users by the scheme of their hash. */
  readonly schemes: Readonly<Record<string, number>>;
  /** At most 100 names. */
  readonly unknownRoles: readonly string[];
}

/** Imports users from a file. Existing users stay unchanged, so an interrupted import can be run again. */
@Injectable()
export class UsersImportService {
  constructor(
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly transfers: UserTransferRepository,
    private readonly roles: RolesService,
    private readonly hasher: PasswordHasher,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks a password against the hash of a user in the file: the first acceptable line with the address.
   * @returns undefined if the file has no such line
   */
  async prove(
    rows: AsyncIterable<readonly FileRow[]>,
    known: { readonly email: string; readonly password: string },
    firebase?: FirebaseParameters,
  ): Promise<boolean | undefined> {
    const key = emailKeyOf(known.email);
    for await (const chunk of rows) {
      for (const { fields } of chunk) {
        const { email } = (fields ?? {}) as { email?: unknown };
        if (typeof email !== 'string' || emailKeyOf(email) !== key) continue;
        const read = readUserRow(fields, this.clock.now(), firebase);
        if (!('user' in read)) continue;
        return (await this.hasher.matches(known.password, read.user.passwordHash)).matches;
      }
    }
    return undefined;
  }

  /**
   * Imports the users, each batch in a transaction.
   * @throws the database's errors; batches that were stored before stay
   */
  async run(rows: AsyncIterable<readonly FileRow[]>, options: ImportOptions): Promise<ImportCounts> {
    const run = new ImportRun(await this.roles.list(), this.clock.now(), options);
    let begun = false;
    const flush = async (): Promise<void> => {
      const batch = run.take();
      const taken = options.dryRun
        ? await this.transfers.findConflicts(this.manager, batch)
        : await this.add(batch, begun ? undefined : options.proven);
      begun = true;
      run.count(batch, taken);
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
  private add(batch: Batch, proven: boolean | undefined): Promise<Conflict[]> {
    return this.transactions.run(async (transaction) => {
      if (proven !== undefined) {
        const event = {
          action: 'users.import_started',
          actor: OPERATOR.subject,
          subject: ALL_USERS,
        } as const;
        await this.audit.record(transaction, { ...event, details: { proven } });
      }
      return this.transfers.insertMissing(transaction.manager, batch, new Date(this.clock.now()));
    });
  }

  private async record({ lines, added, present, refused }: ImportCounts, proven: boolean): Promise<void> {
    const details = { lines, added, present, refused, proven };
    await this.transactions.run((transaction) =>
      this.audit.record(transaction, {
        action: 'users.imported',
        actor: OPERATOR.subject,
        subject: ALL_USERS,
        details,
      }),
    );
  }
}

type Batch = ReadonlyArray<ImportedUser & { readonly line: number }>;

/** The state of one run: the current batch, the counts, and the unique fields of all lines. */
class ImportRun {
  private batch: Array<ImportedUser & { readonly line: number }> = [];
  private readonly roles: ReadonlySet<string>;
  /** The unique fields of all lines so far, about 220 bytes a user. */
  private readonly seen = new Set<string>();
  private readonly schemes: Record<string, number> = {};
  private readonly unknownRoles = new Set<string>();
  private totals = { lines: 0, added: 0, present: 0, refused: 0 };

  constructor(
    roles: ReadonlyArray<{ readonly name: string }>,
    private readonly now: number,
    private readonly options: ImportOptions,
  ) {
    this.roles = new Set(roles.map(({ name }) => name));
  }

  get waiting(): number {
    return this.batch.length;
  }

  get counts(): ImportCounts {
    return { ...this.totals, schemes: this.schemes, unknownRoles: [...this.unknownRoles].sort() };
  }

  read({ line, fields }: FileRow): void {
    this.totals.lines++;
    const read = readUserRow(fields, this.now, this.options.firebase);
    if (!('user' in read)) return this.refuse(line, read);
    const { user, scheme } = read;
    const unknown = user.roles.filter((role) => !this.roles.has(role));
    for (const role of unknown) if (this.unknownRoles.size < UNKNOWN_ROLES_MAX) this.unknownRoles.add(role);
    if (unknown.length > 0) return this.refuse(line, { field: 'roles', reason: 'unknown_role' });
    const repeated = this.repeated(user, (fields as { id?: unknown }).id === user.id);
    if (repeated !== undefined) return this.refuse(line, { field: repeated, reason: 'repeated' });
    this.schemes[scheme] = (this.schemes[scheme] ?? 0) + 1;
    this.batch.push({ ...user, line });
  }

  take(): Batch {
    const batch = this.batch;
    this.batch = [];
    return batch;
  }

  count(batch: Batch, taken: readonly Conflict[]): void {
    const lines = new Map(batch.map(({ id, line }) => [id, line]));
    this.totals.added += batch.length - taken.length;
    for (const { id, hasEmail, hasId, hasUsername } of taken) {
      if (hasEmail || (!hasId && !hasUsername)) this.totals.present++;
      else this.refuse(lines.get(id) ?? 0, { field: hasId ? 'id' : 'username', reason: 'taken' });
    }
  }

  /** The repeated field of a user. A refused line reserves none of its values. */
  private repeated({ id, emailKey, usernameKey }: ImportedUser, ownId: boolean): string | undefined {
    const fields = {
      email: emailKey,
      ...(ownId && { id }),
      ...(usernameKey !== null && { username: usernameKey }),
    };
    const entries = Object.entries(fields).map(([field, name]) => [field, `${field}:${name}`] as const);
    const repeated = entries.find(([, name]) => this.seen.has(name));
    if (repeated) return repeated[0];
    for (const [, name] of entries) this.seen.add(name);
    return undefined;
  }

  private refuse(line: number, refusal: RowRefusal): void {
    this.totals.refused++;
    this.options.refused(line, refusal);
  }
}
