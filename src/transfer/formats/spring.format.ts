import { fullNameOf, idOf, isFalse, statusOf, textOf, usernameOf, type ImportFormat } from './format.js';

/** Spring Security: the rows of the table that its UserDetailsService reads; a user name may be the address. */
export const spring: ImportFormat = {
  kinds: ['csv', 'json', 'ndjson'],
  toFields: (record) => {
    const username = textOf(record, 'username');
    return {
      ...idOf(record['id']),
      email: textOf(record, 'email') ?? (username?.includes('@') ? username : undefined),
      username: usernameOf(username),
      full_name: fullNameOf(record['full_name'] ?? record['name']),
      status: statusOf(isFalse(record['enabled'])),
      created_at: textOf(record, 'created_at'),
      password_hash: textOf(record, 'password'),
    };
  },
};
