import { readUserRow, type RowContext, type RowRefusal } from './user-row.js';
import type { FileRow } from '../platform/files/record-file.js';
import type { Holders, ImportedUser } from './user-transfer.repository.js';

const UNKNOWN_ROLES_MAX = 100;
/** Conflicts beyond these are only counted. */
const CONFLICTS_MAX = 1000;

/** A user of the file whose address or user name belongs to an account that no import created for this user. */
export interface Conflict {
  readonly field: 'email' | 'username';
  /** The id of the account. */
  readonly account: string;
}

export interface ImportReports {
  readonly refused: (line: number, refusal: RowRefusal) => void;
  /** Called for the first thousand conflicts. */
  readonly conflict: (line: number, conflict: Conflict) => void;
}

export interface ImportCounts {
  /** Records that are users. */
  readonly lines: number;
  /** In a dry run: the users that would be added. */
  readonly added: number;
  /** Users whose account an earlier import created. */
  readonly present: number;
  /** Users whose address or user name another account holds. Nothing was changed for them. */
  readonly conflicts: number;
  /** Accounts that were given to a user of the file. */
  readonly taken_over: number;
  readonly refused: number;
  /** The number of users by the scheme of their hash. */
  readonly schemes: Readonly<Record<string, number>>;
  /** At most 100 names. */
  readonly unknownRoles: readonly string[];
}

export interface BatchUser extends ImportedUser {
  readonly line: number;
}
export type Batch = readonly BatchUser[];

/** The state of one run: the current batch, the counts, and the unique fields of all records. */
export class ImportRun {
  private batch: BatchUser[] = [];
  private readonly roles: ReadonlySet<string>;
  /** The unique fields of all records so far, about 220 bytes a user. */
  private readonly seen = new Set<string>();
  private readonly schemes: Record<string, number> = {};
  private readonly unknownRoles = new Set<string>();
  private totals = { lines: 0, added: 0, present: 0, conflicts: 0, taken_over: 0, refused: 0 };

  constructor(
    roles: ReadonlyArray<{ readonly name: string }>,
    private readonly now: number,
    private readonly context: RowContext,
    private readonly reports: ImportReports,
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
    const read = readUserRow(fields, this.now, this.context);
    if (!read) return;
    this.totals.lines++;
    if (!('user' in read)) return this.refuse(line, read);
    const { user, scheme } = read;
    const unknown = user.roles.filter((role) => !this.roles.has(role));
    for (const role of unknown) if (this.unknownRoles.size < UNKNOWN_ROLES_MAX) this.unknownRoles.add(role);
    if (unknown.length > 0) return this.refuse(line, { field: 'roles', reason: 'unknown_role' });
    const repeated = this.repeated(user);
    if (repeated !== undefined) return this.refuse(line, { field: repeated, reason: 'repeated' });
    this.schemes[scheme] = (this.schemes[scheme] ?? 0) + 1;
    this.batch.push({ ...user, line });
  }

  take(): Batch {
    const batch = this.batch;
    this.batch = [];
    return batch;
  }

  count(what: 'added' | 'present' | 'taken_over', users = 1): void {
    this.totals[what] += users;
  }

  /** Whether an account that no import created for the user has one of their names. */
  isConflict({ own, email, username }: Holders): boolean {
    return [email, username].some((holder) => holder !== null && holder !== own);
  }

  /** Counts a conflict and reports it. */
  conflict(user: BatchUser, { own, email, username }: Holders): void {
    if (++this.totals.conflicts > CONFLICTS_MAX) return;
    const field = email !== null && email !== own ? 'email' : 'username';
    const account = (field === 'email' ? email : username) ?? '';
    this.reports.conflict(user.line, { field, account });
  }

  /** The repeated field of a user. A refused record reserves none of its values. */
  private repeated({ id, ownId, emailKey, usernameKey }: ImportedUser): string | undefined {
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
    this.reports.refused(line, refusal);
  }
}
