import { z } from 'zod';
import { AppError } from '../platform/kernel/app-error.js';
import type { FieldCode } from '../platform/kernel/error-codes.js';
import { newId } from '../platform/kernel/ids.js';
import { fieldCode, parseBody } from '../platform/kernel/validation.js';
import { firebaseHash, keycloakHash, type FirebaseParameters } from '../passwords/exported-parts.js';
import { readHash } from '../passwords/hash-schemes.js';
import { UnusableHash, type HashFault } from '../passwords/stored-hash.js';
import { emailField, emailKeyOf, fullNameField, usernameField, usernameKeyOf } from '../users/identity.js';
import type { ImportedUser, TransferredUser } from './user-transfer.repository.js';

/** Why a line of a file is refused. Holds no value of the file. */
export interface RowRefusal {
  readonly field: string;
  /** `repeated`: an earlier line has the same value. `taken`: another user has it. `malformed`: the line cannot be read. */
  readonly reason: FieldCode | HashFault | 'repeated' | 'taken' | 'malformed';
}

const NEWEST = Date.UTC(10_000, 0);

/** One user of a file. The caller checks that the roles exist. */
const UserRow = z.strictObject({
  id: z.uuid().toLowerCase().nullish(),
  email: emailField,
  username: usernameField.nullish(),
  full_name: fullNameField.nullish(),
  status: z.enum(['active', 'disabled']).nullish(),
  roles: z.array(z.string().min(1).max(64)).max(100).nullish(),
  created_at: z.iso
    .datetime({ offset: true })
    .transform((written) => new Date(written))
    .refine((time) => time.getTime() >= 0 && time.getTime() < NEWEST, fieldCode('out_of_range'))
    .nullish(),
  password_hash: z.string().nullish(),
  firebase_hash: z.string().nullish(),
  firebase_salt: z.string().nullish(),
  keycloak_credential_data: z.unknown().optional(),
  keycloak_secret_data: z.unknown().optional(),
});

/** The names that the header line of a CSV file may have. */
export const USER_ROW_FIELDS: readonly string[] = Object.keys(UserRow.shape);

/** A user of a file, and the scheme of the hash. */
export interface ReadUser {
  readonly user: ImportedUser;
  readonly scheme: string;
}

/**
 * Reads one user of a file. The rules of the fields are those of the endpoints; the hash may have any supported form.
 * @param now the creation time of users without `created_at`, in milliseconds since the Unix epoch
 * @param firebase the project's parameters, if the file has Firebase's hashes
 */
export function readUserRow(
  fields: unknown,
  now: number,
  firebase?: FirebaseParameters,
): ReadUser | RowRefusal {
  try {
    const row = parseBody(UserRow, fields);
    const passwordHash = writtenHash(row, firebase);
    if (passwordHash === undefined) return { field: 'password_hash', reason: 'required' };
    const { scheme } = readHash(passwordHash);
    const { email, username = null, full_name: fullName = null, created_at: createdAt, roles } = row;
    const user = {
      // Lists are in the order of ids, so the id holds the time of creation.
      id: row.id ?? newId(createdAt?.getTime() ?? now),
      email,
      emailKey: emailKeyOf(email),
      username,
      usernameKey: username === null ? null : usernameKeyOf(username),
      fullName,
      status: row.status ?? 'active',
      roles: [...new Set(roles ?? ['user'])],
      createdAt: createdAt ?? new Date(now),
      passwordHash,
    };
    return { user, scheme };
  } catch (error) {
    if (error instanceof UnusableHash) return { field: 'password_hash', reason: error.fault };
    if (!(error instanceof AppError)) throw error;
    const { field, code } = error.errors?.[0] ?? {};
    return field === undefined || code === undefined
      ? { field: '', reason: 'malformed' }
      : { field, reason: code };
  }
}

/** The line of a user in an export; {@link readUserRow} reads it. */
export function userLine({ fullName, createdAt, passwordHash, ...user }: TransferredUser): string {
  const { id, email, username, status, roles } = user;
  const line = { id, email, username, full_name: fullName, status, roles, created_at: createdAt };
  return `${JSON.stringify({ ...line, password_hash: passwordHash })}\n`;
}

function writtenHash(row: z.output<typeof UserRow>, firebase?: FirebaseParameters): string | undefined {
  if (typeof row.firebase_hash === 'string') {
    // The hash cannot be checked without the project's parameters.
    if (!firebase) throw new UnusableHash('unknown_hash');
    return firebaseHash(row.firebase_hash, row.firebase_salt ?? '', firebase);
  }
  const credential = row.keycloak_credential_data ?? undefined;
  if (credential !== undefined) return keycloakHash(credential, row.keycloak_secret_data);
  return row.password_hash ?? undefined;
}
