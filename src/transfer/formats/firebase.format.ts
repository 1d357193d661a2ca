import { firebaseHash } from '../../passwords/exported-parts.js';
import { UnusableHash } from '../../passwords/stored-hash.js';
import {
  fullNameOf,
  idOf,
  isTrue,
  millisecondsOf,
  statusOf,
  textOf,
  type FormatOptions,
  type ImportFormat,
  type SourceRecord,
} from './format.js';

/** The columns of a CSV export in their order; those of other providers are not read. */
const PROVIDERS = ['google', 'facebook', 'twitter', 'github'];
const COLUMNS = [
  ...['localId', 'email', 'emailVerified', 'passwordHash', 'salt', 'displayName', 'photoUrl'],
  ...PROVIDERS.flatMap((name) => ['Id', 'Email', 'Name', 'Photo'].map((member) => `${name}${member}`)),
  ...['createdAt', 'lastSignedInAt', 'phoneNumber', 'disabled', 'customAttributes', 'providerUserInfo'],
];

/** Firebase: `firebase auth:export`, in JSON or CSV. The hashes need the parameters of the project. */
export const firebase: ImportFormat = {
  kinds: ['json', 'csv', 'ndjson'],
  columns: COLUMNS,
  toFields: (record, options) => ({
    ...idOf(record['localId']),
    email: textOf(record, 'email'),
    email_verified: isTrue(record['emailVerified']),
    full_name: fullNameOf(record['displayName']),
    status: statusOf(isTrue(record['disabled'])),
    created_at: millisecondsOf(record['createdAt']),
    password_hash: hashOf(record, options),
  }),
};

/** @throws UnusableHash also without the parameters, because the hash cannot be checked then */
function hashOf(record: SourceRecord, { firebase: parameters }: FormatOptions): string | undefined {
  const hash = textOf(record, 'passwordHash');
  if (hash === undefined) return undefined;
  if (!parameters) throw new UnusableHash('unknown_hash');
  return firebaseHash(hash, textOf(record, 'salt') ?? '', parameters);
}
