import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DataSource } from 'typeorm';
import { LiveSessions1763811200000 } from '../../migrations/1763811200000-live-sessions.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import type { Client } from '../support/http/client.js';
import { createDatabase, urlOf, type TestDatabase } from '../support/database/database.js';
import {
  eventually,
  killProcesses,
  newFolder,
  startProcess,
  type Folder,
  type ServiceProcess,
} from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 10_000 };
const ADMINISTRATOR = { email: 'root@example.com', password: 'correct horse battery staple' };

/** The folder of an older checkout that was built: it is then the older of the two versions. */
const OLDER = process.env['UPGRADE_FROM'];
const older = OLDER === undefined ? undefined : mainOf(OLDER);

let database: TestDatabase;
let folder: Folder;
let env: Record<string, string>;

beforeAll(async () => {
  [database, folder] = await Promise.all([createDatabase(), newFolder()]);
  env = {
    SECRET_KEY: newSecret(),
    DATABASE_URL: urlOf(database.target),
    JWT_ISSUER: 'http://localhost:3000',
    BOOTSTRAP_ADMIN_EMAIL: ADMINISTRATOR.email,
    BOOTSTRAP_ADMIN_PASSWORD: ADMINISTRATOR.password,
  };
});
afterAll(async () => {
  await killProcesses();
  await Promise.all([database.drop(), folder.remove()]);
});

function mainOf(checkout: string): string {
  const built = ['dist/main.js', 'dist/src/main.js'].map((path) => resolve(checkout, path));
  const main = built.find((path) => existsSync(path));
  if (main === undefined) throw new Error(`${checkout} is not built`);
  return main;
}

/** The instance of the version before, on a database that has not seen the next one. */
async function startOlder(): Promise<ServiceProcess> {
  if (older === undefined) {
    const running = await startProcess({ folder: folder.path, env });
    await undoIndex();
    return running;
  }
  await database.query('DROP SCHEMA public CASCADE');
  await database.query('CREATE SCHEMA public');
  return startProcess({ folder: folder.path, env, main: older });
}

/**
 * Takes a migration back, as if its version had not been started yet: one that adds an index, since the instance that
 * runs is of this version and needs every column.
 */
async function undoIndex(): Promise<void> {
  const source = await new DataSource(dataSourceOptions(database.target, POOL)).initialize();
  const runner = source.createQueryRunner();
  const index = new LiveSessions1763811200000();
  await index.down(runner);
  await runner.query('DELETE FROM migrations WHERE name = $1', [index.name]);
  await runner.release();
  await source.destroy();
}

async function migrations(): Promise<number> {
  return (await database.query('SELECT 1 FROM migrations')).length;
}

/** Whether a version has this path at all. */
async function offers(client: Client, path: string): Promise<boolean> {
  return (await client.get(path)).status !== 404;
}

/** What people and administrators do: a statement or more on every table that the version knows. */
async function useEverything(client: Client): Promise<void> {
  const person = await client.newcomer();
  const refreshed = await client.refresh(person.refresh_token);
  expect(refreshed.status).toBe(200);
  const token = refreshed.body.access_token;
  const name = { token, json: { full_name: 'Ada Lovelace' } };
  expect((await client.request('PATCH', '/users/me', name)).status).toBe(200);
  const wrong = { json: { username: person.username, password: 'wrong' } };
  expect((await client.post('/auth/login', wrong)).status).toBe(401);
  if (!(await offers(client, '/roles'))) return;
  const root = await client.loginForService({
    username: ADMINISTRATOR.email,
    password: ADMINISTRATOR.password,
  });
  const asRoot = (json?: unknown) => ({ token: root.access_token, ...(json !== undefined && { json }) });
  const role = asRoot({ scopes: ['tasks:read'] });
  expect((await client.request('PUT', '/roles/reader', role)).status).toBe(200);
  const roles = asRoot({ roles: ['user', 'reader'] });
  expect((await client.request('PATCH', `/users/${person.id}`, roles)).status).toBe(200);
  for (const path of [
    '/users',
    '/users?email_prefix=p',
    '/audit-events',
    '/keys',
    '/revocations',
    '/clients',
  ]) {
    const { status } = await client.get(path, asRoot());
    if (older === undefined) expect([path, status]).toEqual([path, 200]);
    // An older version may have no such path, or not know the query.
    else expect([200, 404, 422]).toContain(status);
  }
  if (await offers(client, '/clients')) {
    const billing = asRoot({ name: 'billing', scopes: [], grants: ['client_credentials'] });
    expect((await client.post('/clients', billing)).status).toBe(201);
  }
  expect((await client.request('DELETE', `/users/${person.id}`, asRoot())).status).toBe(204);
}

/** What an expanding migration may do while the version before serves; CONTRIBUTING.md names the same. */
const EXPANSION = `
  DO $$
    DECLARE name text;
    BEGIN
      FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
                     AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations' LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN next_text text, ADD COLUMN next_flag boolean NOT NULL DEFAULT false', name);
      END LOOP;
    END $$;
  CREATE TABLE next_things (id uuid CONSTRAINT pk_next_things PRIMARY KEY,
    user_id uuid CONSTRAINT fk_next_things_user REFERENCES users (id) ON DELETE CASCADE);
  CREATE INDEX ix_users_next_text ON users (next_text)`;

/** A session that goes from one instance to the other, and ends where it did not begin. */
async function goBetween(one: Client, other: Client): Promise<void> {
  const person = await one.register();
  const pair = await other.login(person);
  expect((await one.me(pair.access_token)).status).toBe(200);
  const { status, body: refreshed } = await one.refresh(pair.refresh_token);
  expect(status).toBe(200);
  expect((await other.me(refreshed.access_token)).status).toBe(200);
  // A retry at the other one gets the same successor: both read the same row alike.
  expect((await other.refresh(pair.refresh_token)).body.refresh_token).toBe(refreshed.refresh_token);
  expect((await other.post('/auth/logout', { token: refreshed.access_token })).status).toBe(204);
  await eventually(2000, async () => (await one.me(refreshed.access_token)).status === 401);
  expect((await one.refresh(refreshed.refresh_token)).status).toBe(401);
}

describe('an upgrade', () => {
  it('migrates while the instance that runs is used, and both then serve the same people', async () => {
    const running = await startOlder();
    const before = await migrations();
    const person = await running.client.newcomer();

    const statuses: number[] = [];
    const traffic = new AbortController();
    const users = Array.from({ length: 4 }, async () => {
      while (!traffic.signal.aborted) {
        const { status, body } = await running.client.post('/auth/login', {
          json: { username: person.username, password: person.password },
        });
        statuses.push(status);
        statuses.push((await running.client.me(String(body['access_token']))).status);
      }
    });
    const next = await startProcess({ folder: folder.path, env });
    traffic.abort();
    await Promise.all(users);
    expect(await migrations()).toBeGreaterThan(before);
    expect(statuses.length).toBeGreaterThan(10);
    expect(new Set(statuses)).toEqual(new Set([200]));

    // What was issued before the upgrade.
    expect((await next.client.me(person.access_token)).status).toBe(200);
    await goBetween(running.client, next.client);
    await goBetween(next.client, running.client);

    // The one after that: its tables and columns are there before this version is gone.
    await useEverything(running.client);
    await database.query(EXPANSION);
    await useEverything(running.client);
    await useEverything(next.client);

    // And the version before is brought back.
    await running.stop();
    const back = await startProcess({ folder: folder.path, env, main: older });
    await goBetween(back.client, next.client);
    await goBetween(next.client, back.client);
    await useEverything(back.client);
  }, 60_000);
});
