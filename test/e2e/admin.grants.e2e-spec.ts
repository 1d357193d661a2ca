import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import {
  administrator,
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
/** Looks after users, and may not become more than that. */
let desk: Member;

beforeAll(async () => {
  server = await startServer();
  admin = await administrator(server);
  desk = await memberWithScopes(server, 'users:read', 'users:write', 'sessions:read', 'sessions:write');
});
afterAll(() => server.close());

function send(member: Member, method: string, path: string, json?: unknown): Promise<Answer> {
  return server.client.request(method, path, {
    token: member.access_token,
    ...(json !== undefined && { json }),
  });
}

function newUser(...roles: string[]) {
  const email = `${Math.random().toString(36).slice(2)}@example.com`;
  return { email, password: 'not every road leads to rome', roles };
}

describe('an actor who gives a role', () => {
  it('must hold its scopes of this service, whether it is for the actor or for another user', async () => {
    const person = await server.client.newcomer();
    const refused = refusalFor(...SERVICE_SCOPES);
    expect(refusalOf(await send(desk, 'POST', '/users', newUser('admin')))).toEqual(refused);
    for (const { id } of [person, desk]) {
      const answer = await send(desk, 'PATCH', `/users/${id}`, { roles: ['user', 'admin'] });
      expect(refusalOf(answer)).toEqual(refused);
    }
    expect((await server.client.me(person.access_token)).body['roles']).toEqual(['user']);
  });

  it('may give a role whose scopes the actor holds', async () => {
    const role = await newRole(server, 'users:read', 'sessions:read');
    const created = await send(desk, 'POST', '/users', newUser('user', role));
    expect([created.status, created.body['scopes']]).toEqual([201, ['sessions:read', 'users:read']]);
    const person = await server.client.register();
    expect((await send(desk, 'PATCH', `/users/${person.id}`, { roles: [role] })).status).toBe(200);
  });

  it('must hold its scopes of applications too, or roles:write', async () => {
    const role = await newRole(server, 'tasks:delete', 'users:read');
    const person = await server.client.register();
    const give = (member: Member) => send(member, 'PATCH', `/users/${person.id}`, { roles: [role] });
    expect(refusalOf(await give(desk))).toEqual(refusalFor('users:read', 'roles:write'));
    const holder = await memberWithScopes(server, 'users:write', 'users:read', 'tasks:delete');
    const definer = await memberWithScopes(server, 'users:write', 'users:read', 'roles:write');
    for (const member of [holder, definer]) {
      expect((await give(member)).status).toBe(200);
      await server.database.query('DELETE FROM user_roles WHERE user_id = $1', [person.id]);
    }
  });

  it('is judged by the scopes of the token, not by those of the account', async () => {
    const { username, password } = admin;
    const form = { username, password, scope: 'users:write' };
    const narrow = await server.client.post<{ access_token: string }>('/oauth/token', { form });
    const token = narrow.body.access_token;
    const answer = await server.client.post('/users', { token, json: newUser('admin') });
    expect(verdict(answer)).toEqual([403, 'insufficient_scope']);
  });

  it('waits for a parallel change of the role and is judged by its new scopes', async () => {
    const role = await newRole(server);
    const person = await server.client.register();
    const connection = new Client({ ...server.database.target });
    await connection.connect();
    try {
      await connection.query('BEGIN');
      await connection.query('SELECT 1 FROM roles WHERE name = $1 FOR UPDATE', [role]);
      await connection.query(`UPDATE roles SET scopes = '{keys:write}' WHERE name = $1`, [role]);
      const given = send(desk, 'PATCH', `/users/${person.id}`, { roles: [role] });
      const created = send(desk, 'POST', '/users', newUser(role));
      await new Promise((resolve) => setTimeout(resolve, 200));
      await connection.query('COMMIT');
      for (const answer of [await given, await created]) {
        expect(refusalOf(answer)).toEqual(refusalFor('keys:write'));
      }
    } finally {
      await connection.end();
    }
  });

  it('cannot use the former scopes of a role that changes at the same moment', async () => {
    const definer = await memberWithScopes(server, 'users:write', 'roles:write');
    for (let round = 0; round < 15; round++) {
      const role = await newRole(server);
      const person = await server.client.register();
      const pair = await server.client.loginForService(person);
      await Promise.all([
        send(definer, 'PATCH', `/users/${person.id}`, { roles: [role] }),
        send(admin, 'PUT', `/roles/${role}`, { scopes: ['keys:write'] }),
      ]);
      // Either the grant came first, and the role's change made the token stale, or it was refused.
      const { scope, access_token: token } = (await server.client.refresh(pair.refresh_token)).body;
      const { body } = await server.client.me(token);
      expect(body['scopes']).toEqual(scope === '' ? [] : ['keys:write']);
    }
  });
});

describe('an account with more scopes of this service', () => {
  it.each([
    ['PATCH', '', { email: 'mine@example.com' }],
    ['PATCH', '', { full_name: 'x' }],
    ['PATCH', '', {}],
    ['PATCH', '', { roles: ['user'] }],
    ['PATCH', '', { status: 'disabled' }],
    ['DELETE', '', undefined],
    ['DELETE', '/sessions', undefined],
    ['DELETE', '/sessions/SID', undefined],
  ])('is not touched by %s /users/{id}%s %j', async (method, path, json) => {
    const [session] = (await send(admin, 'GET', '/auth/sessions')).body as unknown as Array<{ id: string }>;
    const target = `/users/${admin.id}${path.replace('SID', session?.id ?? '')}`;
    expect(refusalOf(await send(desk, method, target, json))).toEqual(refusalFor(...SERVICE_SCOPES));
    const me = await server.client.me(admin.access_token);
    expect(me.body).toMatchObject({ email: admin.email, full_name: null, roles: ['admin', 'user'] });
  });

  it('can still be read', async () => {
    expect((await send(desk, 'GET', `/users/${admin.id}`)).status).toBe(200);
    expect((await send(desk, 'GET', `/users/${admin.id}/sessions`)).status).toBe(200);
  });

  it('cannot be revoked or enabled, nor can its session be revoked', async () => {
    const responder = await memberWithScopes(server, 'revocations:write', 'users:write');
    const { body } = await send(admin, 'GET', '/auth/sessions');
    const [session] = body as unknown as Array<{ id: string }>;
    for (const json of [
      { kind: 'user', subject: admin.id },
      { kind: 'session', subject: session?.id },
    ]) {
      expect(verdict(await send(responder, 'POST', '/revocations', json))).toEqual([
        403,
        'insufficient_scope',
      ]);
    }
    const other = await administrator(server);
    await send(admin, 'PATCH', `/users/${other.id}`, { status: 'disabled' });
    const enabled = await send(responder, 'PATCH', `/users/${other.id}`, { status: 'active' });
    expect(verdict(enabled)).toEqual([403, 'insufficient_scope']);
    expect((await server.client.me(admin.access_token)).status).toBe(200);
  });

  it('is not one with the same scopes', async () => {
    const peer = await memberWithScopes(server, 'users:read', 'users:write');
    expect((await send(desk, 'PATCH', `/users/${peer.id}`, { full_name: 'x' })).status).toBe(200);
    expect((await send(desk, 'DELETE', `/users/${peer.id}`)).status).toBe(204);
  });

  it('is protected from the moment of its promotion on', async () => {
    for (let round = 0; round < 15; round++) {
      const person = await server.client.newcomer();
      const [promoted, changed] = await Promise.all([
        send(admin, 'PATCH', `/users/${person.id}`, { roles: ['user', 'admin'] }),
        send(desk, 'PATCH', `/users/${person.id}`, { email: `x${round}@example.com` }),
      ]);
      expect(promoted.status).toBe(200);
      if (changed.status === 200) expect(changed.body['roles']).toEqual(['user']);
      else expect(verdict(changed)).toEqual([403, 'insufficient_scope']);
    }
  });
});

describe('an account, role or client with scopes of an application that the actor could not give', () => {
  const refused = refusalFor('roles:write');

  it.each([
    ['PATCH', { full_name: 'x' }],
    ['PATCH', { username: null }],
    ['PATCH', { email: 'mine@example.com' }],
    ['PATCH', { roles: ['user'] }],
    ['PATCH', { roles: [] }],
    ['PATCH', { status: 'disabled' }],
    ['PATCH', {}],
    ['DELETE', undefined],
  ])('is not touched by %s /users/{id} %j', async (method, json) => {
    const banker = await memberWithScopes(server, 'bank:admin');
    expect(refusalOf(await send(desk, method, `/users/${banker.id}`, json))).toEqual(refused);
    expect((await server.client.me(banker.access_token)).body).toMatchObject({
      email: banker.email,
      username: banker.username,
      full_name: null,
      scopes: ['bank:admin'],
    });
  });

  it('is changed and deleted by an actor who holds them, or who may define roles', async () => {
    const holder = await memberWithScopes(server, 'users:write', 'users:read', 'bank:admin');
    const definer = await memberWithScopes(server, 'users:write', 'roles:write');
    for (const actor of [holder, definer]) {
      const banker = await memberWithScopes(server, 'bank:admin');
      expect((await send(actor, 'PATCH', `/users/${banker.id}`, { full_name: 'x' })).status).toBe(200);
      expect((await send(actor, 'DELETE', `/users/${banker.id}`)).status).toBe(204);
    }
  });

  it('keeps its secret and its life as a client', async () => {
    const scopes = ['bank:admin'];
    const json = { name: 'bank', scopes, grants: ['client_credentials'] };
    const { body } = await send(admin, 'POST', '/clients', json);
    const keeper = await memberWithScopes(server, 'clients:write');
    for (const [method, path] of [
      ['POST', '/secret'],
      ['DELETE', ''],
    ] as const) {
      const answer = await send(keeper, method, `/clients/${String(body['client_id'])}${path}`);
      expect(refusalOf(answer)).toEqual(refused);
    }
  });

  it('may have its sessions ended and its failed logins forgotten, which protects it', async () => {
    const banker = await memberWithScopes(server, 'bank:admin');
    expect((await send(desk, 'DELETE', `/users/${banker.id}/failed-logins`)).status).toBe(204);
    expect((await send(desk, 'DELETE', `/users/${banker.id}/sessions`)).status).toBe(204);
  });
});
