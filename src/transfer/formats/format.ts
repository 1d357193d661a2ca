import type { FirebaseParameters } from '../../passwords/exported-parts.js';
import { fullNameField, usernameField } from '../../users/identity.js';
import type { CsvColumns, FileKind } from '../../platform/files/record-file.js';

/** A record of a file as its system wrote it. */
export type SourceRecord = Readonly<Record<string, unknown>>;

/** The fields of a user as a line of our own file has them, see user-row.ts. They are checked there. */
export interface UserFields {
  /** What the system calls the user, where that is no UUID. */
  readonly source_id?: string | undefined;
  readonly id?: unknown;
  readonly email?: unknown;
  readonly email_verified?: unknown;
  readonly username?: unknown;
  readonly full_name?: unknown;
  readonly status?: 'active' | 'disabled' | undefined;
  readonly created_at?: unknown;
  /** Null or undefined where the user has no password. */
  readonly password_hash?: string | null | undefined;
}

export interface FormatOptions {
  /** The present time in milliseconds since the Unix epoch. */
  readonly now: number;
  /** The hash parameters of a Firebase project. */
  readonly firebase?: FirebaseParameters | undefined;
}

/** How one system exports its users. */
export interface ImportFormat {
  /** The kinds of file that the system writes, the most usual one first. */
  readonly kinds: readonly [FileKind, ...FileKind[]];
  /** The columns of a CSV file that has no line of names, or a rule for the names. */
  readonly columns?: CsvColumns;
  /**
   * The user of a record; undefined for a record that is no user, which is skipped.
   * @throws UnusableHash
   */
  readonly toFields: (record: SourceRecord, options: FormatOptions) => UserFields | undefined;
}

/** The first of these members that is a text or a number, as a text; empty texts are absent. */
export function textOf(record: SourceRecord, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = record[name];
    if (typeof value === 'number') return String(value);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** Whether a member is true, as JSON, PostgreSQL, MySQL and .NET write it. */
export function isTrue(value: unknown): boolean {
  return /^(?:true|t|1|yes)$/i.test(String(value));
}

/** Whether a member is false, written in the same ways; an absent member is not. */
export function isFalse(value: unknown): boolean {
  return /^(?:false|f|0|no)$/i.test(String(value));
}

/** The object in a member, also where it is written as JSON text. */
export function objectOf(value: unknown): SourceRecord {
  if (typeof value === 'object' && value !== null) return value as SourceRecord;
  if (typeof value !== 'string' || !value.startsWith('{')) return {};
  try {
    return objectOf(JSON.parse(value) as unknown);
  } catch {
    return {};
  }
}

/** A user name that we allow. Other systems allow more; such users log in with their address. */
export function usernameOf(value: unknown): string | undefined {
  const { data } = usernameField.safeParse(value);
  return data;
}

/** The parts of a name, joined by spaces; undefined where they are no name that we allow. */
export function fullNameOf(...parts: readonly unknown[]): string | undefined {
  const joined = parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
  const { data } = fullNameField.safeParse(joined.trim());
  return data === '' ? undefined : data;
}

/** The id as a UUID where it is one, so that tokens keep their subject; else as the system's own. */
export function idOf(value: unknown): Pick<UserFields, 'id' | 'source_id'> {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text === '') return {};
  return UUID.test(text) ? { id: text } : { source_id: text.slice(0, ID_MAX) };
}
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ID_MAX = 200;

/** A time in milliseconds since the Unix epoch, as a number or as digits. */
export function millisecondsOf(value: unknown): string | undefined {
  const time = new Date(Number(value));
  return value === undefined || value === null || value === '' || Number.isNaN(time.getTime())
    ? undefined
    : time.toISOString();
}

/** `disabled` where this is so. */
export function statusOf(disabled: boolean): 'active' | 'disabled' {
  return disabled ? 'disabled' : 'active';
}
