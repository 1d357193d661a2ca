import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { administrator, memberWithScopes, type Member } from '../support/actors/administrators.js';
import { clientToken, newClient } from '../support/actors/clients.js';
import { RevocationFeed } from '../support/service/built.js';
import type { TokenPair } from '../support/http/client.js';
import { rawRequest } from '../support/http/raw-http.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

let server: TestServer;
let member: Member;
let token: string;

beforeAll(async () => {
  server = await startServer();
  member = await memberWithScopes(server, 'tasks:read', 'tasks:write');
  token = member.access_token;
});
afterAll(() => server.close());

describe('GET /auth/verify', () => {
  it('answers 200 with an empty body and names user, scopes and session in headers', async () => {
    const { status, headers, text } = await server.client.get('/auth/verify', { token });
    const { sub, scope, sid } = decode(token).claims;
    expect([status, text, headers.get('content-length')]).toEqual([200, '', '0']);
    expect(headers.get('x-auth-user')).toBe(sub);
    expect(headers.get('x-auth-scope')).toBe(scope);
    expect(headers.get('x-auth-session')).toBe(sid);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('answers the same headers from the framework and from the cache', async () => {
    const { access_token: fresh } = await server.client.login(member);
    const headersOf = async () => {
      const { headers } = await server.client.get('/auth/verify', { token: fresh });
      return Object.fromEntries([...headers].filter(([name]) => !['date', 'x-request-id'].includes(name)));
    };
    const ofFramework = await headersOf();
    expect(await headersOf()).toEqual(ofFramework);
    expect(ofFramework['x-content-type-options']).toBe('nosniff');
  });

  it('requires the scopes of the query, and names them where one is missing', async () => {
    const good = await server.client.get('/auth/verify?scope=tasks:read%20tasks:write', { token });
    expect(good.status).toBe(200);
    const { status, headers, body } = await server.client.get('/auth/verify?scope=tasks:read+tasks:delete', {
      token,
    });
    expect([status, body['code'], body['detail']]).toEqual([
      403,
      'insufficient_scope',
      'Not enough permissions',
    ]);
    expect(headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="tasks:read tasks:delete"',
    );
  });

  it.each(['a%20%20b', '%22', 'a%0Ab', 'ä'])('refuses the scope %j', async (scope) => {
    const { status, body } = await server.client.get(`/auth/verify?scope=${scope}`, { token });
    expect([status, body['code']]).toEqual([422, 'validation_failed']);
  });

  it.each([
    'scopes=tasks:delete',
    'Scope=tasks:delete',
    'SCOPE=tasks:delete',
    'scope[]=tasks:delete',
    'scope%5B%5D=tasks:delete',
    'scope[0]=tasks:delete',
    'scope=tasks:read&scope=tasks:delete',
    'scope=tasks:read&scope=tasks:read',
    'scope =tasks:delete',
    'audiences=other',
    'Audience=other',
    'audience[]=other',
    'audience=latchkey&audience=other',
    'audience=',
    'audience',
    'access_token=x',
    '__proto__=x',
    'constructor=x',
    'x',
  ])('refuses the query %s, from the cache too', async (query) => {
    for (const first of ['', '?scope=']) {
      expect((await server.client.get(`/auth/verify${first}`, { token })).status).toBe(200);
      const { status, body } = await server.client.get(`/auth/verify?${query}`, { token });
      expect([status, body['code']]).toEqual([422, 'validation_failed']);
    }
  });

  it('takes tokens of applications, of users and of clients, and none for this service', async () => {
    const admin = await administrator(server);
    const client = await newClient(server, admin, { scopes: ['tasks:read', 'users:read'] });
    const verdictOn = async (given: string, query = ''): Promise<unknown> => {
      const { status, body } = await server.client.get(`/auth/verify${query}`, { token: given });
      return status === 200 ? 200 : [status, body['code']];
    };
    const wrong = [401, 'token_wrong_audience'];
    expect(await verdictOn(await clientToken(server, client, 'tasks:read'))).toBe(200);
    for (const given of [admin.access_token, await clientToken(server, client, 'users:read')]) {
      for (const query of ['', '?scope=', '?scope=users:read', '?audience=http://localhost:3000']) {
        expect(await verdictOn(given, query)).toEqual(wrong);
      }
    }
    for (const query of ['?audience=latchkey', '?audience=latchkey/', '?scope=tasks:read&audience=latchkey'])
      expect(await verdictOn(token, query)).toBe(200);
    for (const query of ['?audience=other', '?audience=http://localhost:3000', '?audience=Latchkey'])
      expect(await verdictOn(token, query)).toEqual(wrong);
  });

  it('answers 401 with a challenge for the proxy to pass on', async () => {
    const { status, headers } = await server.client.get('/auth/verify');
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  it('answers HEAD as it answers GET', async () => {
    expect((await server.client.request('HEAD', '/auth/verify', { token })).status).toBe(200);
    expect((await server.client.request('HEAD', '/auth/verify')).status).toBe(401);
  });
});

describe('a token that was verified before', () => {
  const IDENTITY = ['x-auth-user', 'x-auth-client', 'x-auth-scope', 'x-auth-session'];
  let pair: TokenPair;

  const verified = (path = '/auth/verify', headers: Record<string, string> = {}) =>
    server.client.get(path, { token: pair.access_token, headers });
  const code = async (): Promise<unknown> => {
    const { status, body } = await verified();
    return [status, (body as { code?: unknown } | undefined)?.code];
  };

  beforeEach(async () => {
    pair = await server.client.newcomer();
    expect((await verified()).status).toBe(200);
  });

  it('gets the same answer as the first time', async () => {
    // A question mark without a query bypasses the cache: the framework answers.
    const byFramework = await verified('/auth/verify?');
    for (const cached of [await verified(), await verified('/auth/verify?scope=')]) {
      for (const name of [...IDENTITY, 'cache-control', 'content-length']) {
        expect([name, cached.headers.get(name)]).toEqual([name, byFramework.headers.get(name)]);
      }
      expect([cached.status, cached.text]).toEqual([200, '']);
    }
  });

  it('is answered with the request id of the client, and writes one log line', async () => {
    const { headers } = await verified('/auth/verify', { 'x-request-id': 'of-the-proxy' });
    expect(headers.get('x-request-id')).toBe('of-the-proxy');
    const lines = server.log.filter((line) => line['request_id'] === 'of-the-proxy');
    expect(lines).toMatchObject([{ method: 'GET', route: '/auth/verify', status: 200, msg: 'request' }]);
    expect((await verified()).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is refused from the moment it expires', async () => {
    const expiresAt = Number(decode(pair.access_token).claims['exp']) * 1000;
    await server.move(expiresAt - 5000 - server.clock.now());
    expect(await code()).toEqual([200, undefined]);
    server.clock.move(5000);
    expect(await code()).toEqual([401, 'token_expired']);
  });

  it('is refused once its session has ended', async () => {
    await server.client.post('/auth/logout', { token: pair.access_token });
    expect(await code()).toEqual([401, 'token_revoked']);
  });

  it('is refused with 503 where the revocation feed is too old', async () => {
    await server.database.query('ALTER TABLE revocations RENAME TO elsewhere');
    try {
      server.clock.move(301_000);
      expect(await code()).toEqual([503, 'unavailable']);
    } finally {
      await server.database.query('ALTER TABLE elsewhere RENAME TO revocations');
      await server.app.get(RevocationFeed).catchUp();
    }
    expect(await code()).toEqual([200, undefined]);
  });

  it('is refused beside a second Authorization header', async () => {
    const { status } = await rawRequest(server.url, {
      method: 'GET',
      path: '/auth/verify',
      headers: [
        ['Authorization', `Bearer ${pair.access_token}`],
        ['Authorization', `Bearer ${pair.access_token}`],
      ],
    });
    expect(status).toBe(400);
  });
});
