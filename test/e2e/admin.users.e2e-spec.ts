import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { administrator, newRole, verdict, type Member } from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

let server: TestServer;
let admin: Member;

beforeAll(async () => {
  server = await startServer();
  admin = await administrator(server);
});
afterAll(() => server.close());

function send(method: string, path: string, json?: unknown): Promise<Answer> {
  return server.client.request(method, path, {
    token: admin.access_token,
    ...(json !== undefined && { json }),
  });
}

const change = (id: string, json: unknown) => send('PATCH', `/users/${id}`, json);

async function codeOf(token: string): Promise<unknown> {
  const { status, body } = await server.client.me(token);
  return status === 200 ? 200 : body['code'];
}

describe('an administrator creates users', () => {
  it('with the role user, or with the roles of the body', async () => {
    const role = await newRole(server, 'tasks:delete');
    const json = { email: 'Grace@Example.com', password: 'a ship is safe in harbour', full_name: 'Grace' };
    const first = await send('POST', '/users', json);
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe(`/users/${String(first.body['id'])}`);
    expect(first.body).toMatchObject({
      email: 'Grace@Example.com',
      username: null,
      email_verified: false,
      full_name: 'Grace',
      roles: ['user'],
      scopes: [],
      status: 'active',
    });
    expect((await send('GET', `/users/${String(first.body['id'])}`)).body).toEqual(first.body);
    const other = { ...json, email: 'ada@example.com', username: 'ada', roles: [role, 'user', role] };
    const second = await send('POST', '/users', other);
    expect(second.body).toMatchObject({ roles: [role, 'user'].sort(), scopes: ['tasks:delete'] });
    const pair = await server.client.login({ username: 'ada', password: json.password });
    expect(pair.scope).toBe('tasks:delete');
  });

  it('without any role if the list is empty', async () => {
    const json = { email: 'nobody@example.com', password: 'a ship is safe in harbour', roles: [] };
    expect((await send('POST', '/users', json)).body).toMatchObject({ roles: [], scopes: [] });
  });

  it.each([
    ['roles', { roles: ['no-such-role'] }, 'unknown_role'],
    ['roles.0', { roles: ['Admin'] }, 'invalid_format'],
    ['roles', { roles: 'user' }, 'wrong_type'],
    ['password', { password: 'password' }, 'too_common'],
    ['email', { email: 'nowhere' }, 'invalid_format'],
    ['status', { status: 'disabled' }, 'unknown_field'],
  ])('names the fault of %s', async (field, part, code) => {
    const json = { email: 'wrong@example.com', password: 'a ship is safe in harbour', ...part };
    const answer = await send('POST', '/users', json);
    expect(verdict(answer)).toEqual([422, 'validation_failed']);
    expect(answer.body['errors']).toEqual([expect.objectContaining({ field, code })]);
  });

  it('once for each e-mail address and user name, many at once too', async () => {
    const json = { email: 'once@example.com', username: 'once', password: 'a ship is safe in harbour' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => send('POST', '/users', json)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
    const other = await send('POST', '/users', { ...json, email: 'other@example.com', username: 'ONCE' });
    expect(verdict(other)).toEqual([409, 'username_taken']);
  });
});

describe('an administrator changes users', () => {
  it('by name and address, which revokes nothing', async () => {
    const person = await server.client.newcomer();
    const names = { full_name: 'New Name', username: null, email: `new-${person.email}` };
    const { status, body } = await change(person.id, names);
    expect([status, body]).toEqual([200, expect.objectContaining(names)]);
    expect((await server.client.me(person.access_token)).body).toEqual(body);
    expect((await server.client.refresh(person.refresh_token)).status).toBe(200);
  });

  it('and changes nothing with an empty body or with the present values', async () => {
    const person = await server.client.newcomer();
    const before = (await send('GET', `/users/${person.id}`)).body;
    await server.move(5);
    const { email, username, full_name } = before;
    const bodies = [
      {},
      { roles: ['user'], status: 'active' },
      { roles: ['user', 'user'] },
      { email, username, full_name },
    ];
    for (const json of bodies) expect((await change(person.id, json)).body).toEqual(before);
    const sql = `SELECT DISTINCT action FROM audit_events WHERE subject = $1`;
    expect(await server.database.query(sql, [person.id])).toEqual([{ action: 'user.registered' }]);
    expect(await codeOf(person.access_token)).toBe(200);
  });

  it('all together or not at all', async () => {
    const [person, other] = [await server.client.newcomer(), await server.client.register()];
    const role = await newRole(server);
    const json = { full_name: 'Half', roles: [role], status: 'disabled', email: other.email };
    expect(verdict(await change(person.id, json))).toEqual([409, 'email_taken']);
    const unknown = await change(person.id, { full_name: 'Half', roles: ['no-such-role'] });
    expect(verdict(unknown)).toEqual([422, 'validation_failed']);
    expect((await server.client.me(person.access_token)).body).toMatchObject({
      full_name: null,
      roles: ['user'],
      status: 'active',
    });
  });

  it('by an id in capitals, and the tokens are revoked too', async () => {
    const person = await server.client.newcomer();
    expect((await send('GET', `/users/${person.id.toUpperCase()}`)).body).toMatchObject({ id: person.id });
    expect((await change(person.id.toUpperCase(), { status: 'disabled' })).status).toBe(200);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    const other = await server.client.newcomer();
    expect((await send('DELETE', `/users/${other.id.toUpperCase()}`)).status).toBe(204);
    expect(await codeOf(other.access_token)).toBe('token_revoked');
  });
});

describe('a role that is added or removed', () => {
  it('makes access tokens stale at once, and a refresh returns the new scopes', async () => {
    const role = await newRole(server, 'tasks:delete', 'tasks:read');
    const person = await server.client.newcomer();
    const given = await change(person.id, { roles: ['user', role] });
    expect(given.body).toMatchObject({ scopes: ['tasks:delete', 'tasks:read'] });
    const stale = await server.client.me(person.access_token);
    expect(verdict(stale)).toEqual([401, 'token_stale']);
    expect(stale.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="Permissions have changed, refresh the token"',
    );
    const refreshed = (await server.client.refresh(person.refresh_token)).body;
    expect(refreshed.scope).toBe('tasks:delete tasks:read');
    expect(decode(refreshed.access_token).claims['sid']).toBe(decode(person.access_token).claims['sid']);
    expect(await codeOf(refreshed.access_token)).toBe(200);
    await change(person.id, { roles: ['user'] });
    expect(await codeOf(refreshed.access_token)).toBe('token_stale');
    const again = (await server.client.refresh(refreshed.refresh_token)).body;
    expect([again.scope, await codeOf(again.access_token)]).toEqual(['', 200]);
  });

  it('decides the answers to its holder: 403, then 200, then 403', async () => {
    const role = await newRole(server, 'users:read');
    const registered = await server.client.register();
    const person = { ...registered, ...(await server.client.loginForService(registered)) };
    const list = async (token: string) => (await server.client.get('/users', { token })).status;
    expect(await list(person.access_token)).toBe(403);
    await change(person.id, { roles: [role] });
    const able = (await server.client.refresh(person.refresh_token)).body;
    expect(await list(able.access_token)).toBe(200);
    await change(person.id, { roles: [] });
    expect(await list(able.access_token)).toBe(401);
    const unable = (await server.client.refresh(able.refresh_token)).body;
    expect(await list(unable.access_token)).toBe(403);
  });

  it('leaves no former token valid, whenever a refresh comes in between', async () => {
    const role = await newRole(server, 'tasks:delete');
    const person = await server.client.newcomer();
    let refresh = person.refresh_token;
    for (let round = 0; round < 40; round++) {
      const roles = round % 2 === 0 ? ['user', role] : ['user'];
      const [refreshed] = await Promise.all([server.client.refresh(refresh), change(person.id, { roles })]);
      refresh = refreshed.body.refresh_token;
      const usable = (await codeOf(refreshed.body.access_token)) === 200;
      if (usable) expect(refreshed.body.scope).toBe(round % 2 === 0 ? 'tasks:delete' : '');
    }
  });
});

describe('disabling', () => {
  it('ends sessions and revokes tokens at once; enabling restores neither', async () => {
    const person = await server.client.newcomer();
    expect((await change(person.id, { status: 'disabled' })).body).toMatchObject({ status: 'disabled' });
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect(verdict(await server.client.refresh(person.refresh_token))).toEqual([401, 'session_revoked']);
    const login = await server.client.post('/auth/login', {
      json: { username: person.username, password: person.password },
    });
    expect(verdict(login)).toEqual([403, 'account_disabled']);
    expect((await change(person.id, { status: 'active' })).body).toMatchObject({ status: 'active' });
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect(verdict(await server.client.refresh(person.refresh_token))).toEqual([401, 'session_revoked']);
    expect(await codeOf((await server.client.login(person)).access_token)).toBe(200);
  });

  it('together with new roles, then enabling with others, leaves only later tokens valid', async () => {
    const role = await newRole(server, 'tasks:read');
    const person = await server.client.newcomer();
    await change(person.id, { status: 'disabled', roles: [role] });
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    await change(person.id, { status: 'active', roles: ['user'] });
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    const pair = await server.client.login(person);
    expect([pair.scope, await codeOf(pair.access_token)]).toEqual(['', 200]);
  });

  it('and a parallel login leave no live session', async () => {
    for (let round = 0; round < 15; round++) {
      const person = await server.client.newcomer();
      const [pair, disabled] = await Promise.all([
        server.client.login(person).catch(() => undefined),
        change(person.id, { status: 'disabled' }),
      ]);
      expect(disabled.status).toBe(200);
      if (!pair) continue;
      expect(await codeOf(pair.access_token)).toBe('token_revoked');
      expect((await server.client.refresh(pair.refresh_token)).status).toBe(401);
    }
  });
});

describe('deleting', () => {
  it('removes the account and its sessions, and revokes its tokens at once', async () => {
    const person = await server.client.newcomer();
    expect((await send('DELETE', `/users/${person.id}`)).status).toBe(204);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect((await server.client.refresh(person.refresh_token)).status).toBe(401);
    expect(verdict(await send('GET', `/users/${person.id}`))).toEqual([404, 'not_found']);
    expect(verdict(await send('DELETE', `/users/${person.id}`))).toEqual([404, 'not_found']);
    const { rows } = await sessionsOf(person.id);
    expect(rows).toEqual([]);
  });

  it('succeeds once of many parallel requests', async () => {
    const person = await server.client.register();
    const answers = await Promise.all(Array.from({ length: 6 }, () => send('DELETE', `/users/${person.id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404, 404]);
  });
});

async function sessionsOf(id: string) {
  return { rows: await server.database.query('SELECT id FROM sessions WHERE user_id = $1', [id]) };
}
