import { fullNameOf, idOf, textOf, type ImportFormat } from './format.js';

/** Laravel: the rows of its table `users`. */
export const laravel: ImportFormat = {
  kinds: ['csv', 'json', 'ndjson'],
  toFields: (record) => ({
    ...idOf(record['id']),
    email: textOf(record, 'email'),
    email_verified: textOf(record, 'email_verified_at') !== undefined,
    full_name: fullNameOf(record['name']),
    created_at: textOf(record, 'created_at'),
    password_hash: textOf(record, 'password'),
  }),
};
