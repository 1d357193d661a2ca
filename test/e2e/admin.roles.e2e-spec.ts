import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import {
  administrator,
  memberWithRoles,
  memberWithScopes,
  newRole,
  refusalFor,
  refusalOf,
  verdict,
  type Member,
} from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';

let server: TestServer;
let admin: Member;

beforeAll(async () => {
  server = await startServer();
  admin = await administrator(server);
});
afterAll(() => server.close());

function put(name: string, scopes: unknown, member: Member = admin): Promise<Answer> {
  return server.client.request('PUT', `/roles/${name}`, { token: member.access_token, json: { scopes } });
}

function remove(name: string, member: Member = admin): Promise<Answer> {
  return server.client.request('DELETE', `/roles/${name}`, { token: member.access_token });
}

async function listed(): Promise<Array<{ name: string; scopes: string[] }>> {
  const { body } = await server.client.get<Array<{ name: string; scopes: string[] }>>('/roles', {
    token: admin.access_token,
  });
  return body;
}

async function codeOf(token: string): Promise<unknown> {
  const { status, body } = await server.client.me(token);
  return status === 200 ? 200 : body['code'];
}

describe('roles', () => {
  it('are listed by name, with the two of the service', async () => {
    await newRole(server, 'b', 'a');
    const roles = await listed();
    expect(roles.map(({ name }) => name)).toEqual(roles.map(({ name }) => name).sort());
    expect(roles).toContainEqual({ name: 'admin', scopes: [...SERVICE_SCOPES] });
    expect(roles).toContainEqual({ name: 'user', scopes: [] });
  });

  it('are created, changed and deleted', async () => {
    const created = await put('support-1.eu_x', ['users:read', 'tasks:delete', 'tasks:delete']);
    const scopes = ['tasks:delete', 'users:read'];
    expect([created.status, created.body]).toEqual([200, { name: 'support-1.eu_x', scopes }]);
    expect((await put('support-1.eu_x', [])).body).toEqual({ name: 'support-1.eu_x', scopes: [] });
    expect(await listed()).toContainEqual({ name: 'support-1.eu_x', scopes: [] });
    expect((await remove('support-1.eu_x')).status).toBe(204);
    expect(verdict(await remove('support-1.eu_x'))).toEqual([404, 'not_found']);
  });

  it.each([
    ['no scope-token', ['a b']],
    ['no scope-token', ['a"b']],
    ['no scope-token', ['a\\b']],
    ['no scope-token', ['ä']],
    ['no scope-token', ['\u0000']],
    ['empty', ['']],
    ['too long', ['a'.repeat(129)]],
    ['too many', Array.from({ length: 101 }, (_, index) => `s${index}`)],
    ['no list', 'users:read'],
    ['no text', [1]],
    ['nearly one of ours', ['users:delete']],
    ['nearly one of ours', ['audit:write']],
    ['nearly one of ours', ['keys:']],
  ])('take no scopes that are %s', async (_, scopes) => {
    expect(verdict(await put('wrong', scopes))).toEqual([422, 'validation_failed']);
    expect((await listed()).map(({ name }) => name)).not.toContain('wrong');
  });

  it('take scopes of applications, each as long and all together as long as allowed', async () => {
    const free = ['tasks:delete', 'Users:x', 'users', 'user:read', 'https://example.com/a', '!#[]^~'];
    const scopes = [...free, ...Array.from({ length: 22 }, (_, index) => `${index}`.padEnd(128, 'x'))];
    expect((await put('wide', scopes)).body['scopes']).toEqual([...scopes].sort());
  });

  it.each(['A', 'a%20b', 'a%2Fb', '%C3%A4', 'a'.repeat(65), 'a:b', '%00'])(
    'cannot be named %s',
    async (name) => {
      const made = await put(name, []);
      expect(verdict(made)).toEqual([422, 'validation_failed']);
      expect(made.body['errors']).toEqual([expect.objectContaining({ field: 'name' })]);
      expect(verdict(await remove(name))).toEqual([404, 'not_found']);
    },
  );

  it('of the service are protected', async () => {
    expect(verdict(await put('admin', [...SERVICE_SCOPES, 'x']))).toEqual([409, 'role_protected']);
    expect(verdict(await put('admin', []))).toEqual([409, 'role_protected']);
    for (const name of ['admin', 'user'])
      expect(verdict(await remove(name))).toEqual([409, 'role_protected']);
    for (const scopes of [['tasks:read'], []]) {
      expect((await put('user', scopes)).status).toBe(200);
      // Administrators hold it too.
      admin = { ...admin, ...(await server.client.refresh(admin.refresh_token)).body };
    }
  });

  it('cannot be deleted while a user holds them', async () => {
    const role = await newRole(server);
    const person = await memberWithRoles(server, role);
    expect(verdict(await remove(role))).toEqual([409, 'role_in_use']);
    await server.database.query('DELETE FROM user_roles WHERE user_id = $1', [person.id]);
    expect((await remove(role)).status).toBe(204);
  });

  it('are never deleted while a user gets one at the same moment', async () => {
    for (let round = 0; round < 15; round++) {
      const role = await newRole(server);
      const person = await server.client.register();
      const json = { roles: ['user', role] };
      const [given, removed] = await Promise.all([
        server.client.request('PATCH', `/users/${person.id}`, { token: admin.access_token, json }),
        remove(role),
      ]);
      expect([
        [200, 409],
        [422, 204],
      ]).toContainEqual([given.status, removed.status]);
    }
  });

  it('are created once by many parallel requests', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => put('many', [`s${index}`])));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
    const role = (await listed()).find(({ name }) => name === 'many');
    expect(role?.scopes).toHaveLength(1);
  });
});

describe('an actor who changes a role', () => {
  it('must hold every scope of this service that the role has or gets', async () => {
    const definer = await memberWithScopes(server, 'roles:write', 'users:read');
    const role = await newRole(server, 'keys:read');
    expect(refusalOf(await put('fresh', ['users:read', 'keys:write'], definer))).toEqual(
      refusalFor('users:read', 'keys:write'),
    );
    expect((await listed()).map(({ name }) => name)).not.toContain('fresh');
    expect(refusalOf(await put(role, [], definer))).toEqual(refusalFor('keys:read'));
    expect(refusalOf(await remove(role, definer))).toEqual(refusalFor('keys:read'));
    expect((await put('fresh', ['users:read', 'tasks:delete'], definer)).status).toBe(200);
    expect((await remove('fresh', definer)).status).toBe(204);
  });
});

describe('a change of a role', () => {
  it('makes tokens of all its holders stale, and a refresh returns the new scopes', async () => {
    const role = await newRole(server, 'tasks:read');
    const holders = [await memberWithRoles(server, role), await memberWithRoles(server, role)];
    const other = await server.client.newcomer();
    // Each has a permission version of their own.
    await server.database.query('UPDATE users SET permission_version = 7 WHERE id = $1', [holders[0]?.id]);
    const [first, second] = [await server.client.login(holders[0] as Member), holders[1] as Member];
    await put(role, ['tasks:delete']);
    for (const pair of [first, second]) {
      expect(await codeOf(pair.access_token)).toBe('token_stale');
      const refreshed = (await server.client.refresh(pair.refresh_token)).body;
      expect([refreshed.scope, await codeOf(refreshed.access_token)]).toEqual(['tasks:delete', 200]);
    }
    expect(await codeOf(other.access_token)).toBe(200);
  });

  it('that changes nothing makes nothing stale, and leaves neither a row nor an event', async () => {
    const role = await newRole(server, 'b', 'a');
    const holder = await memberWithRoles(server, role);
    const traces = async () => [
      await server.database.query('SELECT xmin, * FROM roles WHERE name = $1', [role]),
      await server.database.query('SELECT action FROM audit_events WHERE subject = $1', [role]),
    ];
    const before = await traces();
    expect((await put(role, ['a', 'b'])).status).toBe(200);
    expect(await traces()).toEqual(before);
    expect(await codeOf(holder.access_token)).toBe(200);
  });

  it('that creates it without scopes leaves an event', async () => {
    await put('empty', []);
    const sql = `SELECT action FROM audit_events WHERE subject = 'empty'`;
    expect(await server.database.query(sql)).toEqual([{ action: 'role.changed' }]);
  });

  it('reaches a user who was given the role by a transaction that is still open', async () => {
    const role = await newRole(server, 'tasks:read');
    const person = await server.client.newcomer();
    const connection = new Client({ ...server.database.target });
    await connection.connect();
    try {
      await connection.query('BEGIN');
      await connection.query('INSERT INTO user_roles VALUES ($1, $2)', [person.id, role]);
      const changed = put(role, []);
      await new Promise((resolve) => setTimeout(resolve, 150));
      await connection.query('COMMIT');
      expect((await changed).status).toBe(200);
    } finally {
      await connection.end();
    }
    expect(await codeOf(person.access_token)).toBe('token_stale');
  });

  it('and a parallel refresh leave no token with the former scopes', async () => {
    const role = await newRole(server);
    const holder = await memberWithRoles(server, role);
    let refresh = holder.refresh_token;
    for (let round = 0; round < 40; round++) {
      const scopes = round % 2 === 0 ? ['tasks:delete'] : [];
      const [refreshed] = await Promise.all([server.client.refresh(refresh), put(role, scopes)]);
      refresh = refreshed.body.refresh_token;
      const usable = (await codeOf(refreshed.body.access_token)) === 200;
      if (usable) expect(refreshed.body.scope).toBe(scopes.join(' '));
    }
  });
});
