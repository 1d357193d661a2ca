import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../platform/kernel/app-error.js';
import type { FieldCode } from '../platform/kernel/error-codes.js';
import { newId } from '../platform/kernel/ids.js';
import { fieldCode, parseBody } from '../platform/kernel/validation.js';
import { readHash } from '../passwords/hash-schemes.js';
import { UnusableHash, type HashFault } from '../passwords/stored-hash.js';
import { emailField, emailKeyOf, fullNameField, usernameField, usernameKeyOf } from '../users/identity.js';
import { isTrue, type FormatOptions, type SourceRecord, type UserFields } from './formats/format.js';
import { FORMATS, type FormatName } from './formats/formats.js';
import { readTime } from './times.js';
import type { ImportedUser, TransferredUser } from './user-transfer.repository.js';

/** Why a record of a file is refused. Holds no value of the file. */
export interface RowRefusal {
  readonly field: string;
  /** `repeated`: an earlier record has the same value. `malformed`: the record cannot be read. */
  readonly reason: FieldCode | HashFault | 'repeated' | 'malformed';
}

/** A user of a file, and the scheme of the hash; `no password` where the user has none. */
export interface ReadUser {
  readonly user: ImportedUser;
  readonly scheme: string;
}

export interface RowContext extends Omit<FormatOptions, 'now'> {
  readonly format: FormatName;
}

const NEWEST = Date.UTC(10_000, 0);
const BOOLEAN = /^(?:true|false|t|f|1|0|yes|no)$/i;

const timeField = z
  .string()
  .transform((written, context) => {
    const time = readTime(written);
    if (!time) context.addIssue({ code: 'custom', ...fieldCode('invalid_format') });
    return time ?? z.NEVER;
  })
  .refine((time) => time.getTime() >= 0 && time.getTime() < NEWEST, fieldCode('out_of_range'));

/** One user of a file. The caller checks that the roles exist. */
const UserRow = z.strictObject({
  id: z.uuid().toLowerCase().nullish(),
  email: emailField,
  email_verified: z
    .preprocess(
      (value) => (typeof value === 'string' && BOOLEAN.test(value) ? isTrue(value) : value),
      z.boolean().nullish(),
    )
    .optional(),
  username: usernameField.nullish(),
  full_name: fullNameField.nullish(),
  status: z.enum(['active', 'disabled']).nullish(),
  roles: z.array(z.string().min(1).max(64)).max(100).nullish(),
  created_at: timeField.nullish(),
  password_hash: z.string().min(1).nullish(),
});

/**
 * Reads one user of a file. The rules of the fields are those of the endpoints; the hash may have any supported form.
 * @param now the creation time of users without `created_at`, in milliseconds since the Unix epoch
 * @returns undefined for a record that is no user
 */
export function readUserRow(
  record: unknown,
  now: number,
  context: RowContext,
): ReadUser | RowRefusal | undefined {
  try {
    const fields = rowFields(record, now, context);
    if (!fields) return fields === null ? { field: '', reason: 'malformed' } : undefined;
    const { source_id: sourceId, ...row } = fields;
    return asUser(parseBody(UserRow, row), sourceId, now, context.format);
  } catch (error) {
    if (error instanceof UnusableHash) return { field: 'password_hash', reason: error.fault };
    if (!(error instanceof AppError)) throw error;
    const { field, code } = error.errors?.[0] ?? {};
    return field === undefined || code === undefined
      ? { field: '', reason: 'malformed' }
      : { field, reason: code };
  }
}

/** The unchecked fields of a record; null for what is no object. @throws UnusableHash */
export function rowFields(
  record: unknown,
  now: number,
  { format, ...options }: RowContext,
): UserFields | null | undefined {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return null;
  return FORMATS[format].toFields(record as SourceRecord, { ...options, now });
}

/** A user as a line of an export; {@link readUserRow} reads it. */
export function userLine({
  fullName,
  createdAt,
  passwordHash,
  emailVerified,
  ...user
}: TransferredUser): string {
  const { id, email, username, status, roles } = user;
  const line = { id, email, email_verified: emailVerified, username, full_name: fullName, status, roles };
  return `${JSON.stringify({ ...line, created_at: createdAt, password_hash: passwordHash })}\n`;
}

function asUser(
  row: z.output<typeof UserRow>,
  sourceId: string | undefined,
  now: number,
  format: FormatName,
): ReadUser {
  const { email, username = null, full_name: fullName = null, created_at: createdAt } = row;
  const emailKey = emailKeyOf(email);
  const passwordHash = row.password_hash ?? null;
  const user = {
    // Lists are in the order of ids, so the id holds the time of creation.
    id: row.id ?? newId(createdAt?.getTime() ?? now),
    ownId: typeof row.id === 'string',
    origin: `${format}:${row.id ?? sourceId ?? digestOf(emailKey)}`,
    email,
    emailKey,
    emailVerified: row.email_verified ?? false,
    username,
    usernameKey: username === null ? null : usernameKeyOf(username),
    fullName,
    status: row.status ?? 'active',
    roles: [...new Set(row.roles ?? ['user'])],
    createdAt: createdAt ?? new Date(now),
    passwordHash,
  };
  return { user, scheme: passwordHash === null ? 'no password' : readHash(passwordHash).scheme };
}

/** An origin for a user without an id in the other system. The address itself would stay in the row after its change. */
function digestOf(emailKey: string): string {
  return createHash('sha256').update(emailKey).digest('base64url');
}
