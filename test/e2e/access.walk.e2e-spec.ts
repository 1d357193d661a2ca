import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import {
  memberWithRoles,
  memberWithScopes,
  newRole,
  refusalFor,
  refusalOf,
  verdict,
  type Member,
} from '../support/actors/administrators.js';
import type { Answer, Request } from '../support/http/client.js';
import { basic, clientToken, newClient, type RegisteredClient } from '../support/actors/clients.js';
import { isApiRoute, operationsOf, routesOf, type Document, type Located } from '../support/http/openapi.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId, mint, reminted } from '../support/tokens/tokens.js';

/** The public routes. A new public route must be named here; every other route must be closed. */
const PUBLIC = [
  'POST /auth/register',
  'POST /auth/login',
  'POST /auth/refresh',
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
  'GET /health/live',
  'GET /health/ready',
];
const INVALID_TOKEN = 'Could not validate credentials';
const REFUSED = {
  status: 401,
  code: 'token_invalid',
  detail: INVALID_TOKEN,
  challenge: `Bearer error="invalid_token", error_description="${INVALID_TOKEN}"`,
};

let server: TestServer;
let operations: Located[];
let routes: string[];
let plain: Member;
let admin: Member;
let client: RegisteredClient;
/** For each scope, a user and a client that hold every other scope of the service. */
const allBut = new Map<string, { user: Member; client: string }>();
/** Tokens that every route refuses, and the refusal of each. */
const badTokens: Array<[name: string, token: string, code: string, description: string]> = [];

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
  operations = operationsOf((await server.client.get<Document>('/docs-json')).body);
  routes = routesOf(server.app);
  plain = await server.client.newcomer();
  admin = await memberWithRoles(server, 'admin');
  client = await newClient(server, admin, { scopes: [...SERVICE_SCOPES] });
  for (const scope of new Set(operations.flatMap(scopesOf))) {
    const others = SERVICE_SCOPES.filter((other) => other !== scope);
    allBut.set(scope, {
      user: await memberWithScopes(server, ...others),
      client: await clientToken(server, client, others.join(' ')),
    });
  }
  badTokens.push(
    ['a text that is no token', 'not.a.token', 'token_invalid', INVALID_TOKEN],
    ['an unsigned token', unsigned(admin), 'token_invalid', INVALID_TOKEN],
    ['an expired token', expired(admin), 'token_expired', 'Token has expired'],
    ['a refresh token', admin.refresh_token, 'token_wrong_type', 'Wrong token type'],
    ['a revoked token', await revoked(), 'token_revoked', 'Token has been revoked'],
    ['a token of a removed client', await orphaned(), 'token_revoked', 'Token has been revoked'],
    ['a stale token', await stale(), 'token_stale', 'Permissions have changed, refresh the token'],
  );
});
afterAll(() => server.close());

function unsigned({ access_token: token }: Member): string {
  return mint(
    { alg: 'none', typ: 'at+jwt' },
    Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    'x',
  );
}

function expired({ access_token: token }: Member): string {
  return reminted(token, server.secret, { iat: 1_000_000_000, exp: 1_000_000_900 });
}

/** An administrator's token, revoked by a logout. */
async function revoked(): Promise<string> {
  const { access_token: token } = await memberWithRoles(server, 'admin');
  await server.client.post('/auth/logout', { token });
  return token;
}

async function orphaned(): Promise<string> {
  const removed = await newClient(server, admin, { scopes: [...SERVICE_SCOPES] });
  const token = await clientToken(server, removed);
  const path = `/clients/${removed.client_id}`;
  await server.client.request('DELETE', path, { token: admin.access_token });
  return token;
}

async function stale(): Promise<string> {
  const role = await newRole(server);
  const { access_token: token } = await memberWithRoles(server, 'admin', role);
  const json = { scopes: ['tasks:read'] };
  await server.client.request('PUT', `/roles/${role}`, { token: admin.access_token, json });
  return token;
}

const schemesOf = ({ operation }: Located): string[] =>
  (operation.security ?? []).flatMap((one) => Object.keys(one));
const requiresToken = (operation: Located): boolean => schemesOf(operation).includes('bearer');
const requiresClient = (operation: Located): boolean =>
  JSON.stringify(operation.operation.security) === '[{"client":[]}]';
const acceptsClient = (operation: Located): boolean => schemesOf(operation).includes('client');

function scopesOf({ operation }: Located): string[] {
  return operation.security?.flatMap((one) => [...(one['password'] ?? [])]) ?? [];
}

/** Whether the document says that a client's token is refused. */
function isForUsersOnly({ operation }: Located): boolean {
  const { content = {} } = operation.responses['403'] ?? {};
  return Object.values(content).some(({ examples = {} }) => 'user_required' in examples);
}

/** Sends a request with an invalid body and unknown ids: a refusal must come before the request is read. */
function call({ method, path, operation }: Located, request: Request = {}): Promise<Answer> {
  const [type] = Object.keys(operation.requestBody?.content ?? {});
  const body =
    type === undefined
      ? {}
      : type === 'application/json'
        ? { json: { unknown: true } }
        : { form: { unknown: 'x' } };
  return server.client.request(method, path.replaceAll(/\{\w+\}/g, freshId()), { ...body, ...request });
}

/** The refusals that differ from the expected ones, by the operation's name. */
async function deviations(
  of: readonly Located[],
  send: (operation: Located) => Promise<Answer>,
  expected: (operation: Located) => object,
): Promise<object> {
  const found = await Promise.all(
    of.map(
      async (operation) => [operation.name, refusalOf(await send(operation)), expected(operation)] as const,
    ),
  );
  return Object.fromEntries(
    found
      .filter(([, is, should]) => JSON.stringify(is) !== JSON.stringify(should))
      .map(([name, is]) => [name, is]),
  );
}

describe('every route', () => {
  it('is in the document, and is public by name, closed by a token, or for clients', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual(routes.filter(isApiRoute));
    const open = operations.filter((one) => !requiresToken(one) && !acceptsClient(one));
    expect(open.map(({ name }) => name).sort()).toEqual([...PUBLIC].sort());
    expect(operations.filter(requiresToken).length).toBeGreaterThan(25);
    expect(operations.filter(isForUsersOnly).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['GET /users/me', 'POST /auth/logout', 'PUT /users/me/password']),
    );
  });

  it('of the administration requires a scope', () => {
    const administration = operations.filter(({ operation }) => operation.tags.includes('administration'));
    expect(administration.filter((one) => scopesOf(one).length === 0)).toEqual([]);
    const scopes = new Set<string>(operations.flatMap(scopesOf));
    expect([...scopes].sort()).toEqual([...SERVICE_SCOPES].sort());
  });

  it('that is public ignores a bad token', async () => {
    for (const operation of operations.filter(({ name }) => PUBLIC.includes(name))) {
      const answer = await call(operation, { token: 'not.a.token' });
      const code = verdict(answer)[1] as string | undefined;
      expect([operation.name, /^token_|scope/.test(code ?? '')]).toEqual([operation.name, false]);
    }
  });
});

describe('a closed route', () => {
  it('is closed without a credential', async () => {
    const refusal = { status: 401, code: 'token_missing', detail: 'Not authenticated', challenge: 'Bearer' };
    expect(
      await deviations(
        operations.filter(requiresToken),
        (one) => call(one),
        () => refusal,
      ),
    ).toEqual({});
  });

  it('is closed to a bad token of every kind', async () => {
    for (const [name, token, code, detail] of badTokens) {
      const challenge = `Bearer error="invalid_token", error_description="${detail}"`;
      const found = await deviations(
        operations.filter(requiresToken),
        (one) => call(one, { token }),
        () => ({ status: 401, code, detail, challenge }),
      );
      expect([name, found]).toEqual([name, {}]);
    }
    expect(badTokens).toHaveLength(7);
  });

  it('is closed to a client’s id and secret', async () => {
    const challenge = `Bearer error="invalid_token", error_description="${INVALID_TOKEN}"`;
    const detail = 'The Authorization header names a scheme other than Bearer; it must read: Bearer <token>';
    const refusal = { status: 401, code: 'authorization_malformed', detail, challenge };
    const send = (one: Located) => call(one, { headers: basic(client) });
    expect(await deviations(operations.filter(requiresToken), send, () => refusal)).toEqual({});
  });
});

describe('a route with a scope', () => {
  const scoped = () => operations.filter((one) => scopesOf(one).length > 0);
  const refusal = (one: Located) => refusalFor(...scopesOf(one));
  const without = (one: Located) => allBut.get(scopesOf(one)[0] ?? '') as { user: Member; client: string };

  it('is closed to a user without scopes', async () => {
    const { access_token: token } = await server.client.loginForService(plain);
    expect(await deviations(scoped(), (one) => call(one, { token }), refusal)).toEqual({});
  });

  it('is closed to a login for an application, and says how to ask for a token for the service', async () => {
    const { issuer } = server.config.tokens;
    const { access_token: token } = await server.client.login(admin);
    const expected = (one: Located) => ({
      ...refusal(one),
      detail:
        'This token is for the application latchkey. Ask for a token for this service: log in with "scope": ' +
        `"${scopesOf(one).join(' ')}", or with "resource": "${issuer}"`,
    });
    expect(await deviations(scoped(), (one) => call(one, { token }), expected)).toEqual({});
    const again = await server.client.login(admin, { resource: issuer });
    expect((await server.client.get('/users', { token: again.access_token })).status).toBe(200);
  });

  it('is closed to a client’s token for an application, and to a token that mixes two audiences', async () => {
    const tasks = await newClient(server, admin, { scopes: ['tasks:read'] });
    const mixed = reminted(admin.access_token, server.secret, { aud: 'latchkey' });
    const wrong = { ...REFUSED, code: 'token_wrong_audience' };
    const token = await clientToken(server, tasks);
    expect(
      await deviations(
        scoped(),
        (one) => call(one, { token }),
        () => wrong,
      ),
    ).toEqual({});
    for (const operation of scoped()) {
      expect([operation.name, verdict(await call(operation, { token: mixed }))]).toEqual([
        operation.name,
        [403, 'insufficient_scope'],
      ]);
    }
  });

  it('is closed to a user with every scope but its own', async () => {
    const send = (one: Located) => call(one, { token: without(one).user.access_token });
    expect(await deviations(scoped(), send, refusal)).toEqual({});
  });

  it('is closed to a client with every scope but its own', async () => {
    const send = (one: Located) => call(one, { token: without(one).client });
    expect(await deviations(scoped(), send, refusal)).toEqual({});
  });

  it('is open to a client with that scope', async () => {
    const token = await clientToken(server, client);
    for (const operation of scoped()) {
      const { status } = await call(operation, { token });
      expect([operation.name, [401, 403, 500].includes(status)]).toEqual([operation.name, false]);
    }
  });
});

describe('a route about the caller’s own account', () => {
  it('takes the token of a login for any audience', async () => {
    for (const scope of ['users:read', 'tasks:read']) {
      const { access_token: token } = await server.client.login(plain, { scope });
      for (const path of ['/users/me', '/auth/sessions'])
        expect((await server.client.get(path, { token })).status).toBe(200);
      expect((await server.client.post('/auth/logout', { token })).status).toBe(204);
    }
  });

  it('is closed to a client whatever its scopes', async () => {
    const token = await clientToken(server, client);
    const refusal = {
      status: 403,
      code: 'user_required',
      detail: 'This endpoint needs a user; the token belongs to a client',
      challenge: null,
    };
    expect(
      await deviations(
        operations.filter(isForUsersOnly),
        (one) => call(one, { token }),
        () => refusal,
      ),
    ).toEqual({});
  });

  it('is every route that requires a token and no scope, except GET /auth/verify', () => {
    const unscoped = operations.filter((one) => requiresToken(one) && scopesOf(one).length === 0);
    expect(unscoped.filter((one) => !isForUsersOnly(one)).map(({ name }) => name)).toEqual([
      'GET /auth/verify',
    ]);
  });
});

describe('a route for clients', () => {
  const refusalOfClient = async (operation: Located, request: Request) => {
    const { status, body, headers } = await call(operation, request);
    return [operation.name, status, body['error'], headers.get('www-authenticate')];
  };
  const expected = ({ name }: Located) => [name, 401, 'invalid_client', 'Basic realm="latchkey"'];

  it('is closed without a client’s credentials', async () => {
    const closed = operations.filter(requiresClient);
    expect(closed.map(({ name }) => name)).toEqual(['POST /oauth/introspect']);
    for (const operation of closed) {
      expect(await refusalOfClient(operation, {})).toEqual(expected(operation));
      expect(await refusalOfClient(operation, { form: { client_id: 'first-party' } })).toEqual(
        expected(operation),
      );
    }
  });

  it('is closed to a wrong secret and to every token', async () => {
    const tokens = [plain, admin].map(({ access_token: token }) => token);
    const all = [...tokens, await clientToken(server, client), ...badTokens.map(([, token]) => token)];
    for (const operation of operations.filter(acceptsClient)) {
      const headers = basic({ ...client, client_secret: 'wrong' });
      expect(await refusalOfClient(operation, { headers })).toEqual(expected(operation));
      for (const token of all)
        expect(await refusalOfClient(operation, { token })).toEqual(expected(operation));
    }
  });
});

it('the walk has changed no account and ended no session', async () => {
  for (const member of [plain, admin]) {
    expect((await server.client.me(member.access_token)).status).toBe(200);
    expect((await server.client.refresh(member.refresh_token)).status).toBe(200);
  }
});
