import { fullNameOf, idOf, statusOf, textOf, usernameOf, type ImportFormat } from './format.js';

/** Devise (Rails): the rows of its table `users`. The hashes must have been made without a pepper. */
export const devise: ImportFormat = {
  kinds: ['csv', 'json', 'ndjson'],
  toFields: (record) => ({
    ...idOf(record['id']),
    email: textOf(record, 'email'),
    email_verified: textOf(record, 'confirmed_at') !== undefined,
    username: usernameOf(record['username']),
    full_name: fullNameOf(record['name']),
    status: statusOf(textOf(record, 'deleted_at') !== undefined),
    created_at: textOf(record, 'created_at'),
    password_hash: textOf(record, 'encrypted_password'),
  }),
};
