import { fullNameOf, idOf, isTrue, statusOf, textOf, usernameOf, type ImportFormat } from './format.js';

/** Better Auth: the rows of its table `user`, each with the password of its account `credential`. */
export const betterAuth: ImportFormat = {
  kinds: ['csv', 'json', 'ndjson'],
  toFields: (record) => ({
    ...idOf(record['id']),
    email: textOf(record, 'email'),
    email_verified: isTrue(record['emailVerified'] ?? record['email_verified']),
    username: usernameOf(record['username']),
    full_name: fullNameOf(record['name']),
    status: statusOf(isTrue(record['banned'])),
    created_at: textOf(record, 'createdAt', 'created_at'),
    password_hash: textOf(record, 'password'),
  }),
};
