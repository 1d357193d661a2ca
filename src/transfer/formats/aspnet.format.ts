import { readTime } from '../times.js';
import { idOf, isTrue, statusOf, textOf, usernameOf, type ImportFormat } from './format.js';

/** A lockout that lasts longer was meant for good; those after wrong passwords last minutes. */
const FOR_GOOD_MS = 365 * 86_400_000;

/** ASP.NET Core Identity: the rows of its table `AspNetUsers`. */
export const aspnet: ImportFormat = {
  kinds: ['csv', 'json', 'ndjson'],
  toFields: (record, { now }) => ({
    ...idOf(record['Id']),
    email: textOf(record, 'Email'),
    email_verified: isTrue(record['EmailConfirmed']),
    username: usernameOf(record['UserName']),
    status: statusOf(
      isTrue(record['LockoutEnabled'] ?? true) && isLockedForGood(textOf(record, 'LockoutEnd'), now),
    ),
    // SQL Server's tools write NULL as this word.
    password_hash: record['PasswordHash'] === 'NULL' ? null : textOf(record, 'PasswordHash'),
  }),
};

function isLockedForGood(end: string | undefined, now: number): boolean {
  return end !== undefined && (readTime(end)?.getTime() ?? 0) > now + FOR_GOOD_MS;
}
