import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { DatabaseClock } from '../../src/platform/database/database-clock.js';
import { newId } from '../../src/platform/kernel/ids.js';
import { Role, UserRole } from '../../src/users/role.entity.js';
import { RolesRepository } from '../../src/users/roles.repository.js';
import { User } from '../../src/users/user.entity.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 60_000 };

const Profile = z.strictObject({
  id: z.uuid(),
  email: z.string(),
  emailVerified: z.boolean(),
  username: z.string().nullable(),
  fullName: z.string().nullable(),
  status: z.enum(['active', 'disabled']),
  passwordChangeRequired: z.boolean(),
  permissionVersion: z.int(),
  createdAt: z.date(),
  updatedAt: z.date(),
  roles: z.array(z.string()),
  scopes: z.array(z.string()),
});
const Status = z.enum(['active', 'disabled']);
const Credentials = z.strictObject({
  id: z.uuid(),
  passwordHash: z.string(),
  status: Status,
  deviceVersion: z.int(),
});
const LockedCredentials = Credentials.omit({ id: true, deviceVersion: true });
const RoleRow = z.strictObject({ name: z.string(), scopes: z.array(z.string()) });

const now = new Date('2030-01-02T03:04:05.678Z');
const users = new UsersRepository();
const roles = new RolesRepository();
let database: TestDatabase;
let source: DataSource;
let manager: EntityManager;

beforeAll(async () => {
  database = await workerDatabase();
  source = await new DataSource(
    dataSourceOptions(database.target, POOL, [User, Role, UserRole]),
  ).initialize();
  ({ manager } = source);
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

async function added(name: string, ...held: string[]): Promise<string> {
  const id = newId(now.getTime());
  const email = `${name}@example.com`;
  const names = { username: name, usernameKey: name, usernameSkeleton: name };
  const identity = { email, emailKey: email, ...names, fullName: null, passwordChangeRequired: false };
  await users.insert(manager, { id, ...identity, passwordHash: `hash of ${name}`, roles: held, now });
  return id;
}

async function role(name: string, ...scopes: string[]): Promise<string> {
  await roles.insertIfMissing(manager, name);
  await roles.setScopes(manager, name, scopes);
  return name;
}

it('findByIds returns the profiles with roles and the scopes of all of them, each once', async () => {
  const [reader, editor] = [
    await role('reader', 'b:read', 'a:read'),
    await role('editor', 'a:read', 'a:write'),
  ];
  const id = await added('find', reader, editor);
  const [profile, ...others] = await users.findByIds(manager, [id, newId(0)]);
  expect(others).toEqual([]);
  expect(Profile.parse(profile)).toMatchObject({
    ...{ id, email: 'find@example.com', username: 'find', fullName: null, status: 'active' },
    ...{ createdAt: now, updatedAt: now },
    ...{ roles: ['editor', 'reader'], scopes: ['a:read', 'a:write', 'b:read'] },
  });
});

it('list returns profiles in the order of the page', async () => {
  const ids = [await added('list-b'), await added('list-a'), await added('list_c')];
  const byId = await users.list(manager, { limit: 2, offset: 0, after: ids[0] });
  expect(
    z
      .array(Profile)
      .parse(byId)
      .map(({ id }) => id),
  ).toEqual(ids.slice(1));
  const byEmail = await users.list(manager, { limit: 9, offset: 0, emailPrefix: 'list-' });
  expect(
    z
      .array(Profile)
      .parse(byEmail)
      .map(({ id }) => id),
  ).toEqual([ids[1], ids[0]]);
  const rest = await users.list(manager, { limit: 9, offset: 0, emailPrefix: 'list-', after: ids[1] });
  expect(rest.map(({ id }) => id)).toEqual([ids[0]]);
});

it('findCredentials and lockForSession return hash and status', async () => {
  const id = await added('credentials');
  const stored = { id, passwordHash: 'hash of credentials', status: 'active', deviceVersion: 1 };
  const email = 'credentials@example.com';
  const other = `other-${email}`;
  await added('other-credentials');
  const keys: Array<Parameters<typeof users.findCredentials>[1]> = [
    { emailKeys: [email] },
    { emailKeys: [email, other] },
    { emailKeys: ['nobody@example.com', email] },
    { usernameKey: 'credentials' },
    { id },
  ];
  for (const key of keys) {
    expect(Credentials.parse(await users.findCredentials(manager, key))).toEqual(stored);
  }
  const { id: _id, deviceVersion: _version, ...locked } = stored;
  expect(LockedCredentials.parse(await users.lockForSession(manager, id))).toEqual(locked);
  expect(await users.findCredentials(manager, { id: newId(0) })).toBeUndefined();
  expect(await users.lockForSession(manager, newId(0))).toBeUndefined();
});

it('setSkeletons gives a skeleton to the oldest of those that look alike, and a text of its own to the others', async () => {
  const ids = [await added('alike-1'), await added('alike-2'), await added('alike-3')];
  await database.query('UPDATE users SET username_skeleton = NULL WHERE id = ANY ($1)', [ids]);
  const bare = await users.findWithoutSkeleton(manager, 2);
  expect(bare).toEqual([
    { id: ids[0], username: 'alike-1' },
    { id: ids[1], username: 'alike-2' },
  ]);
  await users.setSkeletons(
    manager,
    bare.map((user) => ({ ...user, skeleton: 'alike' })),
  );
  const [last] = await users.findWithoutSkeleton(manager, 9);
  await users.setSkeletons(manager, [{ id: last?.id ?? '', username: 'alike-3', skeleton: 'alike' }]);
  expect(await users.findWithoutSkeleton(manager, 9)).toEqual([]);
  const sql = 'SELECT username_skeleton AS skeleton FROM users WHERE id = ANY ($1) ORDER BY id';
  const skeletons = (await database.query<{ skeleton: string }>(sql, [ids])).map(({ skeleton }) => skeleton);
  expect(skeletons).toEqual(['alike', ` ${ids[1]}`, ` ${ids[2]}`]);
});

it('isLastAdministrator is true of the only active administrator alone', async () => {
  const isLast = (id: string) => manager.transaction((inner) => users.isLastAdministrator(inner, id));
  const [one, other] = [await added('admin-one', 'admin'), await added('admin-other', 'admin')];
  expect(await isLast(one)).toBe(false);
  await users.raisePermissionVersion(manager, other, { status: 'disabled', now });
  expect(await isLast(one)).toBe(true);
  expect(await isLast(other)).toBe(false);
  expect(await isLast(await added('no-admin'))).toBe(false);
});

it('replaceRoles adds and takes roles in one statement', async () => {
  const [kept, taken, given] = [await role('kept', 'k'), await role('taken', 't'), await role('given', 'g')];
  const id = await added('replace', kept, taken);
  await users.replaceRoles(manager, id, [kept, given]);
  expect((await users.findById(manager, id))?.roles).toEqual(['given', 'kept']);
  await users.replaceRoles(manager, id, []);
  expect((await users.findById(manager, id))?.roles).toEqual([]);
});

it('raisePermissionVersion returns the version that it wrote', async () => {
  const id = await added('version');
  const before = (await users.findById(manager, id))?.permissionVersion ?? Number.NaN;
  const later = new Date(now.getTime() + 1000);
  expect(await users.raisePermissionVersion(manager, id, { now: later })).toBe(before + 1);
  expect(await users.findById(manager, id)).toMatchObject({
    permissionVersion: before + 1,
    updatedAt: later,
    status: 'active',
  });
  expect(await users.raisePermissionVersion(manager, newId(0), { now })).toBeUndefined();
});

it('insertIfMissing says whether it created the role, and lock returns the role', async () => {
  const name = await role('there', 'x:read');
  expect(await roles.insertIfMissing(manager, name)).toBe(false);
  expect(await roles.insertIfMissing(manager, 'new')).toBe(true);
  await manager.transaction(async (within) => {
    expect(RoleRow.parse(await roles.lock(within, name))).toEqual({ name, scopes: ['x:read'] });
    expect(RoleRow.parse(await roles.lock(within, 'new'))).toEqual({ name: 'new', scopes: [] });
  });
});

it('the clock of the database is measured in milliseconds', async () => {
  const clock = new DatabaseClock();
  clock.observe(0, 0, 0);
  await clock.measure(source);
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000);
});
