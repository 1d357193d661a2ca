import { readTime } from '../times.js';
import { fullNameOf, idOf, objectOf, statusOf, textOf, type ImportFormat } from './format.js';

/** Supabase: the rows of its table `auth.users`. */
export const supabase: ImportFormat = {
  kinds: ['csv', 'ndjson', 'json'],
  toFields: (record, { now }) => {
    const metadata = objectOf(record['raw_user_meta_data']);
    return {
      ...idOf(record['id']),
      email: textOf(record, 'email'),
      email_verified: textOf(record, 'email_confirmed_at') !== undefined,
      full_name: fullNameOf(metadata['full_name'] ?? metadata['name']),
      status: statusOf(
        isBanned(textOf(record, 'banned_until'), now) || textOf(record, 'deleted_at') !== undefined,
      ),
      created_at: textOf(record, 'created_at'),
      password_hash: textOf(record, 'encrypted_password'),
    };
  },
};

function isBanned(until: string | undefined, now: number): boolean {
  return until !== undefined && (readTime(until)?.getTime() ?? now) >= now;
}
