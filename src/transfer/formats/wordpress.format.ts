import { fullNameOf, idOf, textOf, usernameOf, type ImportFormat } from './format.js';

/** The hash of WordPress before 2.5. */
const MD5 = /^[0-9a-f]{32}$/;

/** WordPress: the rows of its table `wp_users`. */
export const wordpress: ImportFormat = {
  kinds: ['csv', 'json', 'ndjson'],
  toFields: (record) => {
    const hash = textOf(record, 'user_pass');
    const login = usernameOf(record['user_login']);
    const name = fullNameOf(record['display_name']);
    return {
      ...idOf(record['ID']),
      email: textOf(record, 'user_email'),
      username: login,
      full_name: name === login ? undefined : name,
      // MySQL's zero date stands for no time.
      created_at: textOf(record, 'user_registered')?.replace(/^0000.*/, '') || undefined,
      password_hash: hash !== undefined && MD5.test(hash) ? `{MD5}${hash}` : hash,
    };
  },
};
