import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/built.js';
import { startServer, type TestServer } from '../support/server.js';
import { decode } from '../support/tokens.js';

const ROOT = { email: 'root@example.com', password: 'only for this test run' };

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startServer();
  await server.app.get(FirstAdministrator).ensure(ROOT);
  ({ access_token: token } = await server.client.login({ username: ROOT.email, password: ROOT.password }));
});
afterAll(() => server.close());

describe('GET /auth/verify', () => {
  it('answers 200 with an empty body and says who, with which scopes, in which session', async () => {
    const { status, headers, text } = await server.client.get('/auth/verify', { token });
    const { sub, scope, sid } = decode(token).claims;
    expect([status, text, headers.get('content-length')]).toEqual([200, '', '0']);
    expect(headers.get('x-auth-user')).toBe(sub);
    expect(headers.get('x-auth-scope')).toBe(scope);
    expect(headers.get('x-auth-session')).toBe(sid);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('asks for the scopes of the query, and names them where one is missing', async () => {
    const good = await server.client.get('/auth/verify?scope=users:read%20keys:read', { token });
    expect(good.status).toBe(200);
    const { status, headers, body } = await server.client.get('/auth/verify?scope=users:read+tasks:delete', {
      token,
    });
    expect([status, body['code'], body['detail']]).toEqual([
      403,
      'insufficient_scope',
      'Not enough permissions',
    ]);
    expect(headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="users:read tasks:delete"',
    );
  });

  it.each(['a%20%20b', '%22', 'a%0Ab', 'ä'])('refuses the scope %j', async (scope) => {
    const { status, body } = await server.client.get(`/auth/verify?scope=${scope}`, { token });
    expect([status, body['code']]).toEqual([422, 'validation_failed']);
  });

  it('answers 401 with the challenge a proxy passes on', async () => {
    const { status, headers } = await server.client.get('/auth/verify');
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  it('answers HEAD as it answers GET', async () => {
    expect((await server.client.request('HEAD', '/auth/verify', { token })).status).toBe(200);
    expect((await server.client.request('HEAD', '/auth/verify')).status).toBe(401);
  });
});
