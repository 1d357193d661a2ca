import {
  fullNameOf,
  idOf,
  isFalse,
  objectOf,
  statusOf,
  textOf,
  usernameOf,
  type ImportFormat,
} from './format.js';

/** Django marks users without a password by this. */
const UNUSABLE = '!';

/** UnsaltedMD5PasswordHasher writes the digest alone. */
const UNSALTED_MD5 = /^[0-9a-f]{32}$/;

/** Django: `manage.py dumpdata` of the model of users, or the rows of its table. */
export const django: ImportFormat = {
  kinds: ['json', 'ndjson', 'csv'],
  toFields: (record) => {
    const fields = record['fields'] === undefined ? record : objectOf(record['fields']);
    const hash = textOf(fields, 'password');
    const username = textOf(fields, 'username');
    return {
      ...idOf(record['pk'] ?? record['id']),
      email: textOf(fields, 'email') ?? (username?.includes('@') ? username : undefined),
      username: usernameOf(username),
      full_name: fullNameOf(fields['first_name'], fields['last_name']),
      status: statusOf(isFalse(fields['is_active'])),
      created_at: textOf(fields, 'date_joined'),
      password_hash: hash?.startsWith(UNUSABLE) ? null : hash?.replace(UNSALTED_MD5, '{MD5}$&'),
    };
  },
};
