import { firebaseHash, keycloakHash } from '../../passwords/exported-parts.js';
import { UnusableHash } from '../../passwords/stored-hash.js';
import { FileFault } from '../../platform/files/file-bytes.js';
import {
  textOf,
  type FormatOptions,
  type ImportFormat,
  type SourceRecord,
  type UserFields,
} from './format.js';

/** The names of the fields, which the first line of a CSV file may have. */
const FIELDS = [
  ...['id', 'email', 'email_verified', 'username', 'full_name', 'status', 'roles', 'created_at'],
  ...['password_hash', 'firebase_hash', 'firebase_salt', 'keycloak_credential_data', 'keycloak_secret_data'],
];

/** Latchkey's own export, and files that are written like it. */
export const latchkey: ImportFormat = {
  kinds: ['ndjson', 'csv'],
  columns: (names) => {
    if (names.includes('email') && names.every((name) => FIELDS.includes(name))) return;
    throw new FileFault(`the first line must name the columns, out of these: ${FIELDS.join(', ')}`);
  },
  toFields: (record, options) => {
    const { roles } = record;
    return {
      ...withoutParts(record),
      // CSV separates roles by spaces.
      ...(typeof roles === 'string' && { roles: roles.split(' ').filter((role) => role !== '') }),
      password_hash: hashOf(record, options) as string | undefined,
    };
  },
};

function withoutParts(record: SourceRecord): UserFields {
  const parts = /^(?:firebase_(?:hash|salt)|keycloak_(?:credential|secret)_data)$/;
  return Object.fromEntries(Object.entries(record).filter(([name]) => !parts.test(name)));
}

/** The hash, or what its parts make. @throws UnusableHash */
function hashOf(record: SourceRecord, { firebase }: FormatOptions): unknown {
  const hash = textOf(record, 'firebase_hash');
  if (hash !== undefined) {
    // The hash cannot be checked without the project's parameters.
    if (!firebase) throw new UnusableHash('unknown_hash');
    return firebaseHash(hash, textOf(record, 'firebase_salt') ?? '', firebase);
  }
  const credential = record['keycloak_credential_data'] ?? undefined;
  if (credential !== undefined) return keycloakHash(credential, record['keycloak_secret_data']);
  return record['password_hash'];
}
