import {
  fullNameOf,
  idOf,
  isTrue,
  objectOf,
  statusOf,
  textOf,
  usernameOf,
  type ImportFormat,
} from './format.js';

/**
 * Auth0: the export of password hashes that its support makes (`_id`, `passwordHash`), and user exports joined with it
 * (`user_id`).
 */
export const auth0: ImportFormat = {
  kinds: ['ndjson', 'json', 'csv'],
  toFields: (record) => {
    const email = textOf(record, 'email');
    const name = fullNameOf(record['name']);
    const id = textOf(objectOf(record['_id']), '$oid') ?? textOf(record, 'user_id')?.replace(/^auth0\|/, '');
    const custom = objectOf(objectOf(record['custom_password_hash'])['hash']);
    return {
      ...idOf(id),
      email,
      email_verified: isTrue(record['email_verified']),
      username: usernameOf(record['username']),
      full_name: name === email ? undefined : name,
      status: statusOf(isTrue(record['blocked'])),
      created_at: textOf(record, 'created_at'),
      password_hash: textOf(record, 'passwordHash', 'password_hash') ?? textOf(custom, 'value'),
    };
  },
};
