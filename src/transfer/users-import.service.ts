import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { OPERATOR } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import type { FirebaseParameters } from '../passwords/exported-parts.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { identityKey } from '../users/identity.js';
import { MovedUsersRepository, type ImportedUser, type TakenNames } from './moved-users.repository.js';
import { RolesService } from '../users/roles.service.js';
import { readUserRow, type RowRefusal } from './user-row.js';

/** One statement each, short enough not to keep other work waiting. */
const BATCH = 1000;
const UNKNOWN_ROLES_MAX = 100;
const EVERYBODY = { kind: 'user', id: '*' } as const;

/** A user as the file has it; `fields` is undefined where the line could not be read. */
export interface FileRow {
  /** From 1. */
  readonly line: number;
  readonly fields: unknown;
}

export interface ImportOptions {
  readonly dryRun: boolean;
  /** Whether a known password verified before. Goes into the audit log. */
  readonly proven: boolean;
  readonly firebase?: FirebaseParameters | undefined;
  readonly refused: (line: number, refusal: RowRefusal) => void;
  /** Called after each batch. */
  readonly progress: (counts: ImportCounts) => void;
}

export interface ImportCounts {
  readonly lines: number;
  /** In a dry run those that would be added. */
  readonly added: number;
  /** Those whose e-mail address was there before. */
  readonly present: number;
  readonly refused: number;
  /** Users by what made their hash. */
  readonly schemes: Readonly<Record<string, number>>;
  /** A hundred at most. */
  readonly unknownRoles: readonly string[];
}

/** Takes over users of a file. What is there already is left as it is, so that a run that ended early is run again. */
@Injectable()
export class UsersImportService {
  constructor(
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly users: MovedUsersRepository,
    private readonly roles: RolesService,
    private readonly hasher: PasswordHasher,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Whether a password verifies against the hash that the file has for a user: the first that would be taken.
   * @returns undefined where the file has no such user
   */
  async prove(
    rows: AsyncIterable<readonly FileRow[]>,
    known: { readonly email: string; readonly password: string },
    firebase?: FirebaseParameters,
  ): Promise<boolean | undefined> {
    const key = identityKey(known.email);
    for await (const chunk of rows) {
      for (const { fields } of chunk) {
        const { email } = (fields ?? {}) as { email?: unknown };
        if (typeof email !== 'string' || identityKey(email) !== key) continue;
        const read = readUserRow(fields, this.clock.now(), firebase);
        if (!('user' in read)) continue;
        return (await this.hasher.matches(known.password, read.user.passwordHash)).matches;
      }
    }
    return undefined;
  }

  /**
   * Adds the users, a batch in a transaction.
   * @throws the database's errors; what was added until then stays
   */
  async run(rows: AsyncIterable<readonly FileRow[]>, options: ImportOptions): Promise<ImportCounts> {
    const work = new Import(await this.roles.list(), this.clock.now(), options);
    let begun = false;
    const flush = async (): Promise<void> => {
      const batch = work.take();
      const taken = options.dryRun
        ? await this.users.findTaken(this.manager, batch)
        : await this.add(batch, begun ? undefined : options.proven);
      begun = true;
      work.settle(batch, taken);
      options.progress(work.counts);
    };
    for await (const chunk of rows) {
      for (const row of chunk) {
        work.read(row);
        if (work.waiting === BATCH) await flush();
      }
    }
    if (work.waiting > 0 || !begun) await flush();
    if (!options.dryRun) await this.record(work.counts, options.proven);
    return work.counts;
  }

  /** The first batch says in the audit log that an import began: one that is killed leaves a trace too. */
  private add(batch: Batch, proven: boolean | undefined): Promise<TakenNames[]> {
    return this.transactions.run(async (transaction) => {
      if (proven !== undefined) {
        const event = {
          action: 'users.import_started',
          actor: OPERATOR.subject,
          subject: EVERYBODY,
        } as const;
        await this.audit.record(transaction, { ...event, details: { proven } });
      }
      return this.users.insertMissing(transaction.manager, batch, new Date(this.clock.now()));
    });
  }

  private async record({ lines, added, present, refused }: ImportCounts, proven: boolean): Promise<void> {
    const details = { lines, added, present, refused, proven };
    await this.transactions.run((transaction) =>
      this.audit.record(transaction, {
        action: 'users.imported',
        actor: OPERATOR.subject,
        subject: EVERYBODY,
        details,
      }),
    );
  }
}

type Batch = ReadonlyArray<ImportedUser & { readonly line: number }>;

/** What one run knows so far: one batch, and the names of all lines. */
class Import {
  private batch: Array<ImportedUser & { readonly line: number }> = [];
  private readonly roles: ReadonlySet<string>;
  /** The names of the lines so far: about 220 bytes a user. */
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

  settle(batch: Batch, taken: readonly TakenNames[]): void {
    const lines = new Map(batch.map(({ id, line }) => [id, line]));
    this.totals.added += batch.length - taken.length;
    for (const { id, hasEmail, hasId, hasUsername } of taken) {
      if (hasEmail || (!hasId && !hasUsername)) this.totals.present++;
      else this.refuse(lines.get(id) ?? 0, { field: hasId ? 'id' : 'username', reason: 'taken' });
    }
  }

  /** Notes the names only where none of them is known, so that a refused line takes none away from a later one. */
  private repeated({ id, emailKey, usernameKey }: ImportedUser, ownId: boolean): string | undefined {
    const names = {
      email: emailKey,
      ...(ownId && { id }),
      ...(usernameKey !== null && { username: usernameKey }),
    };
    const entries = Object.entries(names).map(([field, name]) => [field, `${field}:${name}`] as const);
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
