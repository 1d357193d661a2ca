import { Injectable } from '@nestjs/common';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UnusableHash } from '../passwords/stored-hash.js';
import { Clock } from '../platform/kernel/clock.js';
import { emailKeyOf } from '../users/identity.js';
import type { FileRow } from '../platform/files/record-file.js';
import { readUserRow, rowFields, type RowContext } from './user-row.js';

/** Proves that the hashes of a file are read rightly, by one known password. */
@Injectable()
export class ImportProof {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks a password against the hash of a user in the file: the first acceptable record with the address.
   * @returns undefined if the file has no such record with a password
   */
  async prove(
    rows: AsyncIterable<readonly FileRow[]>,
    known: { readonly email: string; readonly password: string },
    context: RowContext,
  ): Promise<boolean | undefined> {
    const key = emailKeyOf(known.email);
    for await (const chunk of rows) {
      for (const { fields } of chunk) {
        if (recordKey(fields, this.clock.now(), context) !== key) continue;
        const read = readUserRow(fields, this.clock.now(), context);
        if (!read || !('user' in read) || read.user.passwordHash === null) continue;
        return (await this.hasher.matches(known.password, read.user.passwordHash)).matches;
      }
    }
    return undefined;
  }
}

function recordKey(record: unknown, now: number, context: RowContext): string | undefined {
  try {
    const email = rowFields(record, now, context)?.email;
    return typeof email === 'string' ? emailKeyOf(email) : undefined;
  } catch (error) {
    if (error instanceof UnusableHash) return undefined;
    throw error;
  }
}
