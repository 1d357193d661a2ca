import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import { administrator, memberWithScopes, verdict, type Member } from '../support/actors/administrators.js';
import { clientToken, newClient, oauth, type RegisteredClient } from '../support/actors/clients.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const ISSUER = 'http://localhost:3000';
const TASKS = 'https://tasks.example.org';
const ALL = SERVICE_SCOPES.toSorted().join(' ');

let server: TestServer;
let admin: Member;
/** Has scopes of the service and of applications. */
let member: Member;

type Asked = Record<string, string>;

/** The three ways of a person to a token. */
const WAYS: ReadonlyArray<readonly [string, (asked: Asked) => Promise<Answer>]> = [
  ['POST /auth/login', ({ ...asked }) => logIn({ ...asked })],
  ['the password grant', (asked) => server.client.post('/oauth/token', { form: { ...person(), ...asked } })],
];

beforeAll(async () => {
  server = await startServer({ env: { JWT_AUDIENCE: 'latchkey,other' } });
  admin = await administrator(server);
  member = await memberWithScopes(server, 'users:read', 'keys:read', 'tasks:read', 'bills:pay');
  await put('tasks', { identifier: TASKS, name: 'Tasks', scopes: ['tasks:read', 'tasks:write'] });
});
afterAll(() => server.close());

function person() {
  return { username: member.username, password: member.password };
}

function logIn(asked: Asked, who: object = person()): Promise<Answer> {
  return server.client.post('/auth/login', { json: { ...who, ...asked } });
}

function put(id: string, json: unknown): Promise<Answer> {
  return server.client.request('PUT', `/resources/${id}`, { token: admin.access_token, json });
}

/** `aud: scope` of an answer's token, or status and code of a refusal. */
function outcome({ status, body }: Answer): unknown {
  if (status !== 200) return [status, body['code'] ?? body['error']];
  const { aud, scope } = decode(String(body['access_token'])).claims;
  expect(body['scope']).toBe(scope);
  return `${String(aud)}: ${String(scope)}`;
}

describe.each(WAYS)('a token by %s', (_, get) => {
  it.each<[Asked, unknown]>([
    [{}, 'latchkey: bills:pay tasks:read'],
    [{ scope: 'users:read' }, `${ISSUER}: users:read`],
    [{ scope: 'tasks:read' }, 'latchkey: tasks:read'],
    [{ scope: 'users:write' }, `${ISSUER}: `],
    [{ resource: ISSUER }, `${ISSUER}: keys:read users:read`],
    [{ resource: `${ISSUER}/` }, `${ISSUER}: keys:read users:read`],
    [{ resource: 'other' }, 'other: bills:pay tasks:read'],
    [{ resource: TASKS }, `${TASKS}: tasks:read`],
    [{ resource: `${TASKS}/`, scope: 'tasks:read' }, `${TASKS}: tasks:read`],
    [{ scope: 'users:read tasks:read' }, [400, 'invalid_scope']],
    [{ resource: TASKS, scope: 'users:read' }, [400, 'invalid_scope']],
    [{ resource: TASKS, scope: 'bills:pay' }, [400, 'invalid_scope']],
    [{ resource: ISSUER, scope: 'tasks:read' }, [400, 'invalid_scope']],
    [{ resource: 'unknown' }, [400, 'invalid_target']],
    [{ resource: `${TASKS}//` }, [400, 'invalid_target']],
    [{ resource: 'x', scope: 'users:read' }, [400, 'invalid_target']],
  ])('asked for with %j is for one audience alone', async (asked, expected) => {
    expect(outcome(await get(asked))).toEqual(expected);
  });
});

describe('a login that is refused', () => {
  it('for what it asks opens no session', async () => {
    const count = async () =>
      (await server.database.query('SELECT 1 FROM sessions WHERE user_id = $1', [member.id])).length;
    const before = await count();
    for (const asked of [{ resource: 'unknown' }, { scope: 'users:read tasks:read' }]) {
      expect((await logIn(asked)).status).toBe(400);
    }
    expect(await count()).toBe(before);
  });

  it.each([
    ['Scope', 'users:read'],
    ['scopes', 'users:read'],
    ['scope[]', 'users:read'],
    ['Resource', 'other'],
    ['audience', 'other'],
  ])('has the unknown member %s', async (name, value) => {
    expect(verdict(await logIn({ [name]: value }))).toEqual([422, 'validation_failed']);
  });
});

describe('a refresh', () => {
  it.each<[Asked, string]>([
    [{}, 'latchkey: bills:pay tasks:read'],
    [{ scope: 'users:read' }, `${ISSUER}: users:read`],
    [{ resource: ISSUER }, `${ISSUER}: keys:read users:read`],
    [{ resource: TASKS }, `${TASKS}: tasks:read`],
  ])('of a login with %j keeps its audience and scopes, at both endpoints', async (asked, expected) => {
    const { body } = await logIn(asked);
    const refreshed = await server.client.refresh(String(body['refresh_token']));
    expect(outcome(refreshed)).toBe(expected);
    const form = { grant_type: 'refresh_token', refresh_token: refreshed.body.refresh_token };
    expect(outcome(await server.client.post('/oauth/token', { form }))).toBe(expected);
  });

  it('may narrow the scope, and never changes the audience', async () => {
    const { body } = await logIn({});
    const json = { refresh_token: String(body['refresh_token']) };
    const refresh = (more: Asked) => server.client.post('/auth/refresh', { json: { ...json, ...more } });
    const refused = [400, 'invalid_scope'];
    for (const scope of ['users:read', 'tasks:read users:read', 'tasks:write'])
      expect(outcome(await refresh({ scope }))).toEqual(refused);
    expect(outcome(await refresh({ scope: 'tasks:read' }))).toBe('latchkey: tasks:read');
    expect(outcome(await refresh({ resource: 'other' }))).toEqual([422, 'validation_failed']);
  });

  it('may repeat its resource at the token endpoint, and name no other', async () => {
    const { body } = await logIn({ resource: TASKS });
    const form = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
    const refresh = (resource: string) => server.client.post('/oauth/token', { form: { ...form, resource } });
    for (const resource of ['other', 'latchkey', ISSUER, 'unknown'])
      expect(outcome(await refresh(resource))).toEqual([400, 'invalid_target']);
    expect(outcome(await refresh(`${TASKS}/`))).toBe(`${TASKS}: tasks:read`);
  });

  it('brings the scopes that the role has got, of the same audience alone', async () => {
    const someone = await server.client.newcomer();
    const roles = { token: admin.access_token, json: { roles: ['user', 'admin'] } };
    await server.client.request('PATCH', `/users/${someone.id}`, roles);
    expect(outcome(await server.client.refresh(someone.refresh_token))).toBe('latchkey: ');
    const again = await logIn(
      { resource: ISSUER },
      { username: someone.username, password: someone.password },
    );
    expect(outcome(again)).toBe(`${ISSUER}: ${ALL}`);
  });
});

describe('a session of a version without audiences', () => {
  it.each<[string | null, string]>([
    [null, 'latchkey: bills:pay tasks:read'],
    ['users:read keys:read', `${ISSUER}: keys:read users:read`],
    ['users:read tasks:read', 'latchkey: tasks:read'],
    ['tasks:read', 'latchkey: tasks:read'],
  ])('that asked for %j goes on', async (requested, expected) => {
    const { body } = await logIn({});
    const { sid } = decode(String(body['access_token'])).claims;
    await server.database.query('UPDATE sessions SET audience = NULL, requested_scope = $2 WHERE id = $1', [
      sid,
      requested,
    ]);
    expect(outcome(await server.client.refresh(String(body['refresh_token'])))).toBe(expected);
  });
});

describe('a client', () => {
  const grant = { grant_type: 'client_credentials' };
  const tokenOf = async (client: RegisteredClient, asked: Asked) =>
    outcome(await oauth(server, 'token', { ...grant, ...asked }, client));

  it.each<[string[], Asked, unknown]>([
    [['tasks:read'], {}, 'latchkey: tasks:read'],
    [['users:read', 'keys:read'], {}, `${ISSUER}: keys:read users:read`],
    [['users:read', 'tasks:read'], {}, 'latchkey: tasks:read'],
    [['users:read', 'tasks:read'], { scope: 'users:read' }, `${ISSUER}: users:read`],
    [['users:read', 'tasks:read'], { scope: 'users:read tasks:read' }, [400, 'invalid_scope']],
    [['users:read', 'tasks:read'], { resource: TASKS }, `${TASKS}: tasks:read`],
    [['users:read', 'tasks:read'], { resource: TASKS, scope: 'tasks:write' }, [400, 'invalid_scope']],
    [['tasks:read'], { resource: 'unknown' }, [400, 'invalid_target']],
    [[], {}, 'latchkey: '],
  ])('with the scopes %j that asks for %j gets a token for one audience', async (scopes, asked, expected) => {
    expect(await tokenOf(await newClient(server, admin, { scopes }), asked)).toEqual(expected);
  });
});

describe('a registered resource', () => {
  it('is an audience from its registration to its removal', async () => {
    const identifier = 'https://reports.example.org';
    expect(outcome(await logIn({ resource: identifier }))).toEqual([400, 'invalid_target']);
    await put('reports', { identifier, name: 'Reports' });
    const { body } = await logIn({ resource: identifier });
    const token = String(body['access_token']);
    const verify = async () => verdict(await server.client.get('/auth/verify', { token }));
    expect((await server.client.get('/auth/verify', { token })).status).toBe(200);
    expect((await server.client.me(token)).status).toBe(200);
    await server.client.request('DELETE', '/resources/reports', { token: admin.access_token });
    expect(await verify()).toEqual([401, 'token_wrong_audience']);
    expect(verdict(await server.client.me(token))).toEqual([401, 'token_wrong_audience']);
    const refreshed = await server.client.refresh(String(body['refresh_token']));
    expect(outcome(refreshed)).toEqual([400, 'invalid_target']);
  });
});

describe('introspection', () => {
  const isActive = async (client: RegisteredClient, token: string): Promise<unknown> =>
    (await oauth(server, 'introspect', { token }, client)).body['active'];

  it('tells a client of the tokens of its resources and of its own, and of no others', async () => {
    const standard = await newClient(server, admin, { scopes: ['users:read', 'tasks:read'] });
    const tasks = await newClient(server, admin, { resources: [`${TASKS}/`, 'other'] });
    const none = await newClient(server, admin, { resources: [] });
    const pairs = await Promise.all(
      ['latchkey', TASKS, 'other', ISSUER].map((resource) => logIn({ resource })),
    );
    for (const kind of ['access_token', 'refresh_token']) {
      const of = async (client: RegisteredClient) =>
        Promise.all(pairs.map(({ body }) => isActive(client, String(body[kind]))));
      expect(await of(standard)).toEqual([true, false, false, false]);
      expect(await of(tasks)).toEqual([false, true, true, false]);
      expect(await of(none)).toEqual([false, false, false, false]);
    }
    const own = await clientToken(server, standard, 'users:read');
    expect(await isActive(standard, own)).toBe(true);
    expect(await isActive(tasks, own)).toBe(false);
  });

  it.each([[[ISSUER]], [['unknown']], [['latchkey', `${TASKS}//`]]])(
    'is not given to a client for %j, which is no application',
    async (resources) => {
      const json = { name: 'x', scopes: [], resources };
      const { status, body } = await server.client.post('/clients', { token: admin.access_token, json });
      const fault = expect.objectContaining({ field: 'resources', code: 'unknown_resource' });
      expect([status, body['errors']]).toEqual([422, [fault]]);
    },
  );
});
