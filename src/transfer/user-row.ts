import { z } from 'zod';
import { AppError } from '../platform/kernel/app-error.js';
import type { FieldCode } from '../platform/kernel/error-codes.js';
import { newId } from '../platform/kernel/ids.js';
import { fieldCode, parseBody } from '../platform/kernel/validation.js';
import { firebaseHash, keycloakHash, type FirebaseParameters } from '../passwords/exported-parts.js';
import { readHash } from '../passwords/hash-schemes.js';
import { UnusableHash, type HashFault } from '../passwords/stored-hash.js';
import { emailField, fullNameField, identityKey, usernameField } from '../users/identity.js';
import type { ImportedUser, MovedUser } from './moved-users.repository.js';

/** Why a user of a file is not taken; never a value of the file. */
export interface RowRefusal {
  readonly field: string;
  /** `repeated`: a line before has the same. `taken`: another user has it. `malformed`: the line is not of the format. */
  readonly reason: FieldCode | HashFault | 'repeated' | 'taken' | 'malformed';
}

const NEWEST = Date.UTC(10_000, 0);

/** One user of a file. Whether the roles are there is for the caller to say. */
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

/** The names of the fields, as the header line of a CSV file may have them. */
export const USER_ROW_FIELDS: readonly string[] = Object.keys(UserRow.shape);

/** A user that was read from a file, and what made their hash. */
export interface ReadUser {
  readonly user: ImportedUser;
  readonly scheme: string;
}

/**
 * Reads one user of a file: the fields as for the endpoints, and the hash in any form that verifies.
 * @param now milliseconds since the Unix epoch: when users without `created_at` were created
 * @param firebase the project's parameters, where the file has Firebase's hashes
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
      // The id carries the time of creation: lists are in its order.
      id: row.id ?? newId(createdAt?.getTime() ?? now),
      email,
      emailKey: identityKey(email),
      username,
      usernameKey: username === null ? null : identityKey(username),
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

/** A user as a line of an export, which {@link readUserRow} reads. */
export function userLine({ fullName, createdAt, passwordHash, ...user }: MovedUser): string {
  const { id, email, username, status, roles } = user;
  const line = { id, email, username, full_name: fullName, status, roles, created_at: createdAt };
  return `${JSON.stringify({ ...line, password_hash: passwordHash })}\n`;
}

function writtenHash(row: z.output<typeof UserRow>, firebase?: FirebaseParameters): string | undefined {
  if (typeof row.firebase_hash === 'string') {
    // Without the project's parameters nobody can tell what the hash is.
    if (!firebase) throw new UnusableHash('unknown_hash');
    return firebaseHash(row.firebase_hash, row.firebase_salt ?? '', firebase);
  }
  const credential = row.keycloak_credential_data ?? undefined;
  if (credential !== undefined) return keycloakHash(credential, row.keycloak_secret_data);
  return row.password_hash ?? undefined;
}
