import { describe, expect, it } from '@jest/globals';
import { FIREBASE, FOREIGN_HASHES, KEYCLOAK } from '../../test/vectors/foreign-hashes.js';
import { idTime } from '@latchkey/token-rules';
import type { FirebaseParameters } from '../passwords/exported-parts.js';
import { readUserRow as readRow, userLine } from './user-row.js';

const NOW = Date.UTC(2026, 0, 2);
const HASH = FOREIGN_HASHES[0]?.hash ?? '';

function readUserRow(fields: unknown, now: number, firebase?: FirebaseParameters) {
  const read = readRow(fields, now, { format: 'latchkey', firebase });
  if (!read) throw new Error('passed over');
  return read;
}

describe('a user of a file', () => {
  it('gets the names that a registration would give them, and defaults for absent fields', () => {
    const read = readUserRow({ email: 'Ａda@Example.com', username: 'Ada.L', password_hash: HASH }, NOW);
    expect(read).toEqual({
      scheme: 'pbkdf2-sha256 (Django)',
      user: {
        id: expect.any(String),
        ownId: false,
        origin: expect.stringMatching(/^latchkey:[\w-]{43}$/),
        emailVerified: false,
        email: 'Ada@Example.com',
        emailKey: 'ada@example.com',
        username: 'Ada.L',
        usernameKey: 'ada.l',
        fullName: null,
        status: 'active',
        roles: ['user'],
        createdAt: new Date(NOW),
        passwordHash: HASH,
      },
    });
  });

  it('gets an id with the time of creation, or keeps the id of the file', () => {
    const old = readUserRow(
      { email: 'a@b.example', password_hash: HASH, created_at: '2019-05-06T07:08:09+02:00' },
      NOW,
    );
    expect('user' in old && idTime(old.user.id)).toBe(Date.UTC(2019, 4, 6, 5, 8, 9));
    const id = '0190163D-8694-739B-AEA5-966C26F8AD91';
    const kept = readUserRow({ id, email: 'a@b.example', password_hash: HASH }, NOW);
    expect('user' in kept && kept.user.id).toBe(id.toLowerCase());
  });

  it.each([null, undefined])('may have no password: %s', (hash) => {
    const read = readUserRow({ email: 'a@b.example', password_hash: hash }, NOW);
    expect(read).toMatchObject({ scheme: 'no password', user: { passwordHash: null } });
  });

  it.each([
    ['2024-01-02 03:04:05.678901+00', '2024-01-02T03:04:05.678Z'],
    ['2024-01-02 03:04:05+05:30', '2024-01-01T21:34:05.000Z'],
    ['2024-01-02 03:04:05-0230', '2024-01-02T05:34:05.000Z'],
    ['2024-01-02 03:04:05.6', '2024-01-02T03:04:05.600Z'],
    ['2024-01-02 03:04:05 UTC', '2024-01-02T03:04:05.000Z'],
    ['2024-02-29T03:04:05Z', '2024-02-29T03:04:05.000Z'],
  ])('has a time as RFC 3339 or a database prints it: %s', (written, time) => {
    const read = readUserRow({ email: 'a@b.example', created_at: written }, NOW);
    expect('user' in read && read.user.createdAt.toISOString()).toBe(time);
  });

  it.each([
    ['true', true],
    ['f', false],
    ['1', true],
    [true, true],
  ])('has a proved address where email_verified is %j', (written, proved) => {
    const read = readUserRow({ email: 'a@b.example', email_verified: written }, NOW);
    expect('user' in read && read.user.emailVerified).toBe(proved);
  });

  it('is read back from an export unchanged', () => {
    const read = readUserRow(
      {
        email: 'a@b.example',
        username: null,
        full_name: 'A "B"\u2028C',
        status: 'disabled',
        roles: ['user', 'admin'],
        email_verified: true,
        id: '0190163d-8694-739b-aea5-966c26f8ad91',
        password_hash: HASH,
      },
      NOW,
    );
    if (!('user' in read)) throw new Error(read.reason);
    expect(readUserRow(JSON.parse(userLine(read.user)), NOW + 1)).toEqual(read);
  });

  it('may have the hash fields that Firebase and Keycloak export', () => {
    const firebase = { email: 'a@b.example', firebase_hash: FIREBASE.hash, firebase_salt: FIREBASE.salt };
    expect(readUserRow(firebase, NOW, FIREBASE.project)).toMatchObject({ scheme: 'scrypt (Firebase)' });
    expect(readUserRow(firebase, NOW)).toEqual({ field: 'password_hash', reason: 'unknown_hash' });
    const { credentialData, secretData } = KEYCLOAK[0];
    for (const keycloak of [
      { keycloak_credential_data: credentialData, keycloak_secret_data: secretData },
      { keycloak_credential_data: JSON.parse(credentialData), keycloak_secret_data: JSON.parse(secretData) },
    ]) {
      expect(readUserRow({ email: 'a@b.example', ...keycloak }, NOW)).toMatchObject({
        scheme: 'pbkdf2-sha256',
      });
    }
  });

  it.each([
    [undefined, '', 'malformed'],
    [['a@b.example'], '', 'malformed'],
    [{ password_hash: HASH }, 'email', 'required'],
    [{ email: 'no address', password_hash: HASH }, 'email', 'invalid_format'],
    [{ email: 'a@b.example', password_hash: '' }, 'password_hash', 'too_short'],
    [{ email: 'a@b.example', email_verified: 'perhaps' }, 'email_verified', 'wrong_type'],
    [{ email: 'a@b.example', password_hash: 'hunter2' }, 'password_hash', 'unknown_hash'],
    [
      { email: 'a@b.example', password_hash: HASH.replace('1000', '9999999') },
      'password_hash',
      'hash_too_costly',
    ],
    [{ email: 'a@b.example', password_hash: HASH, username: 'a@b' }, 'username', 'invalid_format'],
    [{ email: 'a@b.example', password_hash: HASH, full_name: 'a\u0000' }, 'full_name', 'control_character'],
    [{ email: 'a@b.example', password_hash: HASH, status: 'locked' }, 'status', 'invalid_format'],
    [
      { email: 'a@b.example', password_hash: HASH, created_at: '1969-01-01T00:00:00Z' },
      'created_at',
      'out_of_range',
    ],
    [{ email: 'a@b.example', password_hash: HASH, created_at: 'yesterday' }, 'created_at', 'invalid_format'],
    [
      { email: 'a@b.example', password_hash: HASH, created_at: '2024-02-30 01:02:03+00' },
      'created_at',
      'invalid_format',
    ],
    [{ email: 'a@b.example', password_hash: HASH, created_at: 'infinity' }, 'created_at', 'invalid_format'],
    [{ email: 'a@b.example', password_hash: HASH, password: 'x' }, 'password', 'unknown_field'],
    [{ email: 'a@b.example', password_hash: HASH, id: '7' }, 'id', 'invalid_format'],
  ])('%j is refused for %s: %s', (fields, field, reason) => {
    expect(readUserRow(fields, NOW)).toEqual({ field, reason });
  });
});
