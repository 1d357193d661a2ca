import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { administrator, memberWithScopes, verdict, type Member } from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';

const TASKS = {
  identifier: 'https://tasks.example.org',
  name: 'Tasks',
  scopes: ['tasks:write', 'tasks:read'],
};

let server: TestServer;
let admin: Member;

beforeAll(async () => {
  server = await startServer({ env: { JWT_AUDIENCE: 'latchkey,other' } });
  admin = await administrator(server);
});
afterAll(() => server.close());

function ask(method: string, path: string, json?: unknown, member = admin): Promise<Answer> {
  return server.client.request(method, path, {
    token: member.access_token,
    ...(json !== undefined && { json }),
  });
}

const list = async () => (await ask('GET', '/resources')).body as unknown as Array<Record<string, unknown>>;

function events(subject: string) {
  return server.database.query(
    'SELECT action, actor, details FROM audit_events WHERE subject = $1 ORDER BY id',
    [subject],
  );
}

describe('a resource', () => {
  it('is registered, listed, replaced and removed, each with its event', async () => {
    const { status, body } = await ask('PUT', '/resources/tasks', TASKS);
    const created = {
      id: 'tasks',
      ...TASKS,
      scopes: ['tasks:read', 'tasks:write'],
      created_at: expect.any(String),
      updated_at: expect.any(String),
    };
    expect([status, body]).toEqual([200, created]);
    expect(await list()).toEqual([created]);
    server.clock.move(1000);
    const replaced = await ask('PUT', '/resources/tasks', { identifier: 'urn:tasks', name: 'All tasks' });
    expect(replaced.body).toMatchObject({
      identifier: 'urn:tasks',
      scopes: [],
      created_at: body['created_at'],
    });
    expect(replaced.body['updated_at']).not.toBe(body['updated_at']);
    expect((await ask('DELETE', '/resources/tasks')).status).toBe(204);
    expect(await list()).toEqual([]);
    expect(verdict(await ask('DELETE', '/resources/tasks'))).toEqual([404, 'not_found']);
    expect(await events('tasks')).toEqual([
      {
        action: 'resource.changed',
        actor: admin.id,
        details: { identifier: TASKS.identifier, scopes: ['tasks:read', 'tasks:write'] },
      },
      { action: 'resource.changed', actor: admin.id, details: { identifier: 'urn:tasks', scopes: [] } },
      { action: 'resource.deleted', actor: admin.id, details: { identifier: 'urn:tasks' } },
    ]);
  });

  it('has an identifier that is no other audience’s', async () => {
    await ask('PUT', '/resources/first', { ...TASKS, identifier: 'https://first.example.org/' });
    expect((await list())[0]).toMatchObject({ identifier: 'https://first.example.org' });
    for (const identifier of [
      'http://localhost:3000',
      'http://localhost:3000/',
      'latchkey',
      'other/',
      'https://first.example.org',
      'https://first.example.org/',
    ]) {
      const { status, body } = await ask('PUT', '/resources/second', { ...TASKS, identifier });
      const fault = expect.objectContaining({ field: 'identifier', code: 'taken' });
      expect([status, body['errors']]).toEqual([422, [fault]]);
    }
    expect(
      (await ask('PUT', '/resources/first', { ...TASKS, identifier: 'https://first.example.org' })).status,
    ).toBe(200);
  });

  it.each([
    [{ identifier: '' }, 'identifier'],
    [{ identifier: 'a b' }, 'identifier'],
    [{ identifier: 'https://x.example/#part' }, 'identifier'],
    [{ identifier: 'x"y' }, 'identifier'],
    [{ identifier: 'ä' }, 'identifier'],
    [{ identifier: 'x'.repeat(256) }, 'identifier'],
    [{ name: '' }, 'name'],
    [{ scopes: ['users:read'] }, 'scopes.0'],
    [{ scopes: ['users:anything'] }, 'scopes.0'],
    [{ scopes: ['a b'] }, 'scopes.0'],
    [{ Scopes: [] }, 'Scopes'],
  ])('with %j is refused', async (change, field) => {
    const { status, body } = await ask('PUT', '/resources/bad', { ...TASKS, ...change });
    const errors = body['errors'] as Array<{ field: string }>;
    expect([status, new Set(errors.map((error) => error.field))]).toEqual([422, new Set([field])]);
  });

  it.each(['A', 'a%20b', 'a'.repeat(65), '%C3%A4', 'a:b'])('cannot have the id %s', async (id) => {
    expect(verdict(await ask('PUT', `/resources/${id}`, TASKS))).toEqual([422, 'validation_failed']);
    expect(verdict(await ask('DELETE', `/resources/${id}`))).toEqual([404, 'not_found']);
  });

  it('is read with clients:read and changed with clients:write', async () => {
    const reader = await memberWithScopes(server, 'clients:read');
    const writer = await memberWithScopes(server, 'clients:write');
    expect((await ask('GET', '/resources', undefined, reader)).status).toBe(200);
    expect(verdict(await ask('GET', '/resources', undefined, writer))).toEqual([403, 'insufficient_scope']);
    expect(verdict(await ask('PUT', '/resources/x', TASKS, reader))).toEqual([403, 'insufficient_scope']);
    expect((await ask('PUT', '/resources/x', { ...TASKS, identifier: 'x' }, writer)).status).toBe(200);
  });

  it('is one where two register the same identifier at the same moment', async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) =>
        ask('PUT', `/resources/race-${id}`, { ...TASKS, identifier: 'urn:race' }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422]);
  });

  it('is known to another instance within a second', async () => {
    const second = await startServer({ database: server.database, env: { SECRET_KEY: server.secret } });
    try {
      await ask('PUT', '/resources/far', { ...TASKS, identifier: 'urn:far' });
      const { username, password } = admin;
      const json = { username, password, resource: 'urn:far' };
      await eventually(1000, async () => (await second.client.post('/auth/login', { json })).status === 200);
    } finally {
      await second.close();
    }
  });
});
