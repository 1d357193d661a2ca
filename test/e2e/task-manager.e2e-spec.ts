import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Verifier } from '@latchkey/verifier';
import { administrator, verdict, type Member } from '../support/actors/administrators.js';
import { KeyRotation } from '../support/service/built.js';
import { Client, type Person, type TokenPair } from '../support/http/client.js';
import { newClient, type RegisteredClient } from '../support/actors/clients.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { ServiceProxy } from '../support/http/service-proxy.js';
import { decode } from '../support/tokens/tokens.js';
import { createTaskManager, createVerifier, type TaskManager } from '../support/service/verifier.js';

const EFFECTIVE_WITHIN_MS = 1000;
const RECOVERED_WITHIN_MS = 15_000;
const MAX_STALENESS_SECONDS = 60;

let server: TestServer;
let latchkey: ServiceProxy;
let admin: Member;
let credentials: RegisteredClient;
let verifier: Verifier;
let app: TaskManager;
let tasks: Client;
/** How far the task manager's clocks run ahead of the machine's, in milliseconds. */
let ahead = 0;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'ES256' } });
  latchkey = await ServiceProxy.before(server.url);
  admin = await administrator(server);
  credentials = await newClient(server, admin, { scopes: ['revocations:read'] });
  verifier = createVerifier({
    issuer: server.config.tokens.issuer,
    url: latchkey.url,
    audience: 'latchkey',
    feed: { clientId: credentials.client_id, clientSecret: credentials.client_secret },
    maxStalenessSeconds: MAX_STALENESS_SECONDS,
    clock: { now: () => Date.now() + ahead, elapsed: () => performance.now() + ahead },
  });
  app = createTaskManager(verifier);
  expect(await verifier.start()).toBe(true);
  tasks = new Client(await app.listen({ port: 0, host: '127.0.0.1' }));
});
afterAll(async () => {
  await app.close();
  await verifier.close();
  await latchkey.cut();
  await server.close();
});

const statusOf = async (token: string): Promise<number> => (await tasks.get('/tasks', { token })).status;

async function newTask({ access_token: token }: TokenPair): Promise<string> {
  const { status, body } = await tasks.post('/tasks', { token, json: { title: 'water the plants' } });
  expect(status).toBe(201);
  return String(body['id']);
}

describe('the task manager', () => {
  let person: Person & TokenPair;
  beforeAll(async () => {
    person = await server.client.newcomer();
  });

  it('accepts any valid token for reading, and refuses requests without one', async () => {
    const id = await newTask(person);
    const { status, body } = await tasks.get<unknown[]>('/tasks', { token: person.access_token });
    expect([status, body]).toEqual([200, [{ id, title: 'water the plants', created_by: person.id }]]);
    expect(verdict(await tasks.get('/tasks'))).toEqual([401, 'token_missing']);
  });

  it('requires tasks:delete for deleting; a new role takes effect with the next refresh', async () => {
    const id = await newTask(person);
    const remove = (token: string) => tasks.request('DELETE', `/tasks/${id}`, { token });
    const refused = await remove(person.access_token);
    expect(verdict(refused)).toEqual([403, 'insufficient_scope']);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="tasks:delete"',
    );

    const { access_token: token } = admin;
    const role = await server.client.request('PUT', '/roles/task-editor', {
      token,
      json: { scopes: ['tasks:delete'] },
    });
    expect(role.status).toBeLessThan(300);
    const json = { roles: ['user', 'task-editor'] };
    const granted = await server.client.request('PATCH', `/users/${person.id}`, { token, json });
    expect(granted.status).toBe(200);
    await eventually(EFFECTIVE_WITHIN_MS, async () => (await statusOf(person.access_token)) === 401);
    expect(verdict(await remove(person.access_token))).toEqual([401, 'token_stale']);

    const { body } = await server.client.refresh(person.refresh_token);
    expect((await remove(body.access_token)).status).toBe(204);
    expect((await remove(body.access_token)).status).toBe(404);
  });

  it('refuses a token within a second of its logout at Latchkey', async () => {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const { access_token: token } = await server.client.login(person);
      expect(await statusOf(token)).toBe(200);
      await server.client.post('/auth/logout', { token });
      times.push(await eventually(EFFECTIVE_WITHIN_MS, async () => (await statusOf(token)) === 401));
      expect(verdict(await tasks.get('/tasks', { token }))).toEqual([401, 'token_revoked']);
    }
    expect(Math.max(...times)).toBeLessThan(EFFECTIVE_WITHIN_MS);
  });

  it('runs with the settings of its README', async () => {
    const child = spawn(process.execPath, ['examples/task-manager/server.js'], {
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        LATCHKEY_URL: server.url,
        LATCHKEY_ISSUER: server.config.tokens.issuer,
        CLIENT_ID: credentials.client_id,
        CLIENT_SECRET: credentials.client_secret,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const { access_token: token } = await server.client.login(person);
      const own = new Client(await addressOf(child));
      expect((await own.get('/tasks', { token })).status).toBe(200);
      await server.client.post('/auth/logout', { token });
      const isRefused = async () => (await own.get('/tasks', { token })).status === 401;
      await eventually(EFFECTIVE_WITHIN_MS, isRefused);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('answers no 401 while keys rotate', async () => {
    const { access_token: before } = await server.client.newcomer();
    expect(
      (await server.client.post('/keys/rotate', { token: admin.access_token, json: {} })).status,
    ).toBeLessThan(300);
    await server.move(303_000);
    ahead += 303_000;
    await server.app.get(KeyRotation).reload();
    const { access_token: after } = await server.client.newcomer();
    expect(decode(after).header['kid']).not.toBe(decode(before).header['kid']);
    // After the jump of the clocks the stream looks silent for a moment, which leads to 503 and not to 401.
    const statuses: number[] = [];
    await eventually(RECOVERED_WITHIN_MS, async () => {
      const both = await Promise.all([before, after].map(statusOf));
      statuses.push(...both);
      return both.every((status) => status === 200);
    });
    expect(statuses).not.toContain(401);
  });

  it('accepts tokens while Latchkey is unreachable, then answers 503, and recovers by itself', async () => {
    const { access_token: token } = await server.client.newcomer();
    expect(await statusOf(token)).toBe(200);
    await latchkey.cut();
    const cutAt = performance.now();
    expect(await statusOf(token)).toBe(200);
    ahead += (MAX_STALENESS_SECONDS - 10) * 1000;
    expect(await statusOf(token)).toBe(200);
    ahead += 11_000;
    const refused = await tasks.get('/tasks', { token });
    expect([...verdict(refused), refused.headers.get('retry-after')]).toEqual([503, 'unavailable', '5']);
    expect(performance.now() - cutAt).toBeLessThan(5000);
    // Revocations of the outage are known before any token is accepted again.
    const { access_token: other } = await server.client.newcomer();
    await server.client.post('/auth/logout', { token: other });
    await latchkey.restore();
    await eventually(RECOVERED_WITHIN_MS, async () => (await statusOf(token)) === 200);
    expect(await statusOf(other)).toBe(401);
  });
});

async function addressOf(child: ChildProcess): Promise<string> {
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  return /http:\/\/\S+?(?=\/tasks)/.exec(text.toString())?.[0] ?? '';
}
