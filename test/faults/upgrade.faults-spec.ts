import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import type { Client } from '../support/client.js';
import { Deployment, ROOT, WITH_ROOT } from '../support/deployment.js';
import { eventually } from '../support/process.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 10_000 };

let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.open({ database: 'migrated', env: WITH_ROOT });
});
afterAll(() => deployment.close());

/** Takes the newest migration back, as if its version had not been started yet. */
async function undoNewest(): Promise<void> {
  const source = await new DataSource(dataSourceOptions(deployment.target, POOL)).initialize();
  await source.undoLastMigration({ transaction: 'all' });
  await source.destroy();
}

async function migrations(): Promise<number> {
  return (await deployment.query('SELECT 1 FROM migrations')).length;
}

/** What people and administrators do: a statement or more on every table. */
async function useEverything(client: Client): Promise<void> {
  const person = await client.newcomer();
  const refreshed = await client.refresh(person.refresh_token);
  expect(refreshed.status).toBe(200);
  const token = refreshed.body.access_token;
  const name = { token, json: { full_name: 'Ada Lovelace' } };
  expect((await client.request('PATCH', '/users/me', name)).status).toBe(200);
  const wrong = { json: { username: person.username, password: 'wrong' } };
  expect((await client.post('/auth/login', wrong)).status).toBe(401);
  const root = await client.login(ROOT);
  const asRoot = (json?: unknown) => ({ token: root.access_token, ...(json !== undefined && { json }) });
  const role = asRoot({ scopes: ['tasks:read'] });
  expect((await client.request('PUT', '/roles/reader', role)).status).toBe(200);
  const roles = asRoot({ roles: ['user', 'reader'] });
  expect((await client.request('PATCH', `/users/${person.id}`, roles)).status).toBe(200);
  const added = await client.post(
    '/clients',
    asRoot({ name: 'billing', scopes: [], grants: ['client_credentials'] }),
  );
  expect(added.status).toBe(201);
  for (const path of ['/users?email_prefix=p', '/audit-events', '/keys', '/revocations', '/clients']) {
    expect((await client.get(path, asRoot())).status).toBe(200);
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

describe('an upgrade', () => {
  it('migrates while the instance that runs is used, and both then serve the same people', async () => {
    const running = await deployment.start();
    const all = await migrations();
    await undoNewest();
    expect(await migrations()).toBe(all - 1);
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
    const next = await deployment.start();
    traffic.abort();
    await Promise.all(users);
    expect(await migrations()).toBe(all);
    expect(statuses.length).toBeGreaterThan(10);
    expect(new Set(statuses)).toEqual(new Set([200]));

    const pair = await next.client.login(person);
    expect((await running.client.me(pair.access_token)).status).toBe(200);
    const refreshed = (await running.client.refresh(pair.refresh_token)).body;
    expect((await next.client.me(refreshed.access_token)).status).toBe(200);
    await next.client.post('/auth/logout', { token: refreshed.access_token });
    await eventually(2000, async () => (await running.client.me(refreshed.access_token)).status === 401);

    // The one after that: its tables and columns are there before this version is gone.
    await useEverything(running.client);
    await deployment.query(EXPANSION);
    await useEverything(running.client);
    await useEverything(next.client);
  });
});
