import { readTime } from '../times.js';
import {
  idOf,
  isTrue,
  statusOf,
  textOf,
  usernameOf,
  type ImportFormat,
  type SourceRecord,
} from './format.js';

/** A lockout that lasts longer was meant for good; those after wrong passwords last minutes. */
const FOR_GOOD_MS = 365 * 86_400_000;

/** ASP.NET Core Identity: the rows of its table `AspNetUsers`. */
export const aspnet: ImportFormat = {
  kinds: ['csv', 'json', 'ndjson'],
  toFields: (written, { now }) => {
    const record = withoutNulls(written);
    return {
      ...idOf(record['Id']),
      email: textOf(record, 'Email'),
      email_verified: isTrue(record['EmailConfirmed']),
      username: usernameOf(record['UserName']),
      status: statusOf(
        isTrue(record['LockoutEnabled'] ?? true) && isLockedForGood(textOf(record, 'LockoutEnd'), now),
      ),
      password_hash: textOf(record, 'PasswordHash'),
    };
  },
};

/** SQL Server's tools write NULL as this word. */
function withoutNulls(record: SourceRecord): SourceRecord {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== 'NULL'));
}

function isLockedForGood(end: string | undefined, now: number): boolean {
  return end !== undefined && (readTime(end)?.getTime() ?? 0) > now + FOR_GOOD_MS;
}
