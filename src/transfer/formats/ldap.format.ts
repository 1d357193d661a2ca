import { readHash } from '../../passwords/hash-schemes.js';
import { UnusableHash } from '../../passwords/stored-hash.js';
import type { LdifEntry } from '../../platform/files/ldif-file.js';
import { fullNameOf, idOf, isTrue, statusOf, usernameOf, type ImportFormat } from './format.js';

/** RFC 4517: `20240102030405Z`, also with a fraction. */
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/;

/** A directory's LDIF. Entries without an address, user name and password are units and groups, and are skipped. */
export const ldap: ImportFormat = {
  kinds: ['ldif'],
  toFields: (record) => {
    const entry = record as LdifEntry;
    const [mail, uid] = [entry['mail']?.[0], entry['uid']?.[0]];
    const passwords = entry['userpassword'] ?? [];
    if (mail === undefined && uid === undefined && passwords.length === 0) return undefined;
    return {
      ...idOf(entry['entryuuid']?.[0] ?? entry['dn']?.[0]),
      email: mail,
      username: usernameOf(uid),
      full_name: fullNameOf(entry['displayname']?.[0] ?? entry['cn']?.[0]),
      status: statusOf(isTrue(entry['nsaccountlock']?.[0]) || entry['pwdaccountlockedtime'] !== undefined),
      created_at: entry['createtimestamp']?.[0]?.replace(GENERALIZED_TIME, '$1-$2-$3T$4:$5:$6Z'),
      password_hash: usable(passwords) ?? passwords[0],
    };
  },
};

/** The first of an entry's passwords that can be checked. */
function usable(passwords: readonly string[]): string | undefined {
  return passwords.find((password) => {
    try {
      return readHash(password).scheme !== '';
    } catch (error) {
      if (error instanceof UnusableHash) return false;
      throw error;
    }
  });
}
