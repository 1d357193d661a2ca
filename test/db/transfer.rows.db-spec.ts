import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { newId } from '../../src/platform/kernel/ids.js';
import { UserTransferRepository, type ImportedUser } from '../../src/transfer/user-transfer.repository.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 60_000 };

const Holders = z.strictObject({
  id: z.uuid(),
  own: z.uuid().nullable(),
  email: z.uuid().nullable(),
  username: z.uuid().nullable(),
});
const Exported = z.strictObject({
  id: z.uuid(),
  email: z.string(),
  emailVerified: z.boolean(),
  username: z.string().nullable(),
  fullName: z.string().nullable(),
  status: z.enum(['active', 'disabled']),
  createdAt: z.date(),
  passwordHash: z.string().nullable(),
  roles: z.array(z.string()),
});

const now = new Date('2030-01-02T03:04:05.678Z');
const transfers = new UserTransferRepository();
let database: TestDatabase;
let source: DataSource;
let manager: EntityManager;

beforeAll(async () => {
  database = await workerDatabase();
  source = await new DataSource(dataSourceOptions(database.target, POOL, [])).initialize();
  ({ manager } = source);
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

function user(name: string, change: Partial<ImportedUser> = {}): ImportedUser {
  const email = `${name}@example.com`;
  return {
    id: newId(now.getTime()),
    ownId: false,
    origin: `django:${name}`,
    email,
    emailKey: email,
    emailVerified: true,
    username: name,
    usernameKey: name,
    fullName: null,
    status: 'active',
    roles: ['user'],
    createdAt: now,
    passwordHash: null,
    ...change,
  };
}

it('insertMissing returns the ids of the users that were added', async () => {
  const [ada, bob] = [user('ada'), user('bob')];
  expect(await transfers.insertMissing(manager, [ada], now)).toEqual([ada.id]);
  const others = [
    user('by-id', { id: ada.id }),
    user('by-origin', { origin: ada.origin }),
    user('by-email', { emailKey: ada.emailKey }),
    user('by-username', { usernameKey: ada.usernameKey }),
  ];
  expect(await transfers.insertMissing(manager, [bob, ...others], now)).toEqual([bob.id]);
});

it('findHolders returns the accounts of each unique field', async () => {
  const [eve, dan] = [user('eve'), user('dan')];
  await transfers.insertMissing(manager, [eve, dan], now);
  const found = async (given: ImportedUser) =>
    Holders.parse((await transfers.findHolders(manager, [given]))[0]);
  const other = user('other', { emailKey: eve.emailKey, usernameKey: dan.usernameKey });
  expect(await found(other)).toEqual({ id: other.id, own: null, email: eve.id, username: dan.id });
  const same = user('same', { origin: eve.origin, usernameKey: null });
  expect(await found(same)).toEqual({ id: same.id, own: eve.id, email: null, username: null });
  const byId = user('by-id', { id: dan.id, origin: eve.origin });
  expect((await found(byId)).own).toBe(dan.id);
});

it('replaceIdentity replaces the names that are given, and raiseVersions only raises', async () => {
  const account = user('account', { fullName: 'Before' });
  await transfers.insertMissing(manager, [account], now);
  const change = user('new', {
    username: null,
    usernameKey: null,
    passwordHash: 'hash',
    emailVerified: false,
  });
  await transfers.replaceIdentity(manager, account.id, change, now);
  await transfers.raiseVersions(manager, new Map([[account.id, 7]]));
  await transfers.raiseVersions(manager, new Map([[account.id, 3]]));
  const [row] = await database.query('SELECT * FROM users WHERE id = $1', [account.id]);
  expect(row).toMatchObject({ email_key: 'new@example.com', origin: 'django:new', permission_version: 7 });
  expect(row).toMatchObject({ username_key: 'account', full_name: 'Before', password_hash: 'hash' });
});

it('exportPage returns users in the order of their ids', async () => {
  await database.query('DELETE FROM users');
  const users = [user('first', { passwordHash: 'hash' }), user('second', { roles: [], fullName: 'S' })];
  await transfers.insertMissing(manager, users, now);
  const page = z.array(Exported).parse(await transfers.exportPage(manager, null, 9));
  expect(page).toEqual(
    users.map(({ emailKey: _e, usernameKey: _u, origin: _o, ownId: _i, ...exported }) => exported),
  );
  expect(await transfers.exportPage(manager, users[0]?.id ?? '', 9)).toEqual(page.slice(1));
});
