import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { disableAccount } from '../support/actors/administrators.js';
import { FirstAdministrator } from '../support/service/built.js';
import type { Person, Request, TokenPair } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const ADMINISTRATOR = { email: 'root@example.com', password: 'only for this test run' };

let server: TestServer;
let person: Person;

beforeAll(async () => {
  server = await startServer();
  person = await server.client.register();
  await server.app.get(FirstAdministrator).ensure(ADMINISTRATOR);
});
afterAll(() => server.close());

function token(form: Record<string, string>, headers: Record<string, string> = {}) {
  return server.client.post<TokenPair & Record<string, unknown>>('/oauth/token', { form, headers });
}

describe('the password grant', () => {
  it.each(['password', ''])('returns a token pair for grant_type %j', async (grantType) => {
    const { username, password } = person;
    const { status, body, headers } = await token({ grant_type: grantType, username, password });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 900, refresh_token: expect.any(String) });
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await server.client.me(body.access_token)).status).toBe(200);
  });

  it('is assumed for user name and password without a grant type', async () => {
    const { username, password } = person;
    expect((await token({ username, password })).status).toBe(200);
  });

  it('answers a wrong password and an unknown user with the same 401', async () => {
    const wrong = await token({ username: person.username, password: 'not the password' });
    const unknown = await token({ username: 'nobody', password: 'not the password' });
    expect([wrong.status, wrong.body]).toEqual([
      401,
      {
        error: 'invalid_grant',
        error_description: 'Incorrect username or password',
        request_id: expect.any(String),
      },
    ]);
    expect(unknown.status).toBe(401);
    expect({ ...unknown.body, request_id: '' }).toEqual({ ...wrong.body, request_id: '' });
  });

  it('answers invalid_grant for a disabled account', async () => {
    const disabled = await server.client.register();
    await disableAccount(server, disabled.id);
    const { status, body } = await token({ username: disabled.username, password: disabled.password });
    expect([status, body['error']]).toEqual([400, 'invalid_grant']);
  });

  it('grants the scopes that the request asks for, and a refresh keeps to them', async () => {
    const { email: username, password } = ADMINISTRATOR;
    const all = await token({ username, password, resource: 'http://localhost:3000' });
    expect(all.body.scope.split(' ')).toContain('users:write');
    const less = await token({ username, password, scope: 'users:read' });
    expect(less.body.scope).toBe('users:read');
    expect((await server.client.get('/users', { token: less.body.access_token })).status).toBe(200);
    const next = await server.client.refresh(less.body.refresh_token);
    expect(next.body.scope).toBe('users:read');
  });

  it('refuses a malformed scope', async () => {
    const { username, password } = person;
    for (const scope of ['a  b', ' a', 'a"b', 'ä']) {
      const { status, body } = await token({ username, password, scope });
      expect([status, body['error']]).toEqual([400, 'invalid_scope']);
    }
  });
});

describe('the refresh grant', () => {
  it('rotates like POST /auth/refresh', async () => {
    const { refresh_token: parent } = await server.client.login(person);
    const { status, body } = await token({ grant_type: 'refresh_token', refresh_token: parent });
    expect(status).toBe(200);
    expect((await server.client.refresh(body.refresh_token)).status).toBe(200);
  });

  it('may ask for fewer scopes than were granted and never for more', async () => {
    const { email: username, password } = ADMINISTRATOR;
    const { body } = await token({ username, password, scope: 'users:read keys:read' });
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token };
    const less = await token({ ...form, scope: 'keys:read' });
    expect([less.status, less.body.scope]).toEqual([200, 'keys:read']);
    const more = await token({ ...form, refresh_token: less.body.refresh_token, scope: 'users:write' });
    expect([more.status, more.body['error']]).toEqual([400, 'invalid_scope']);
  });

  it('does not use a token whose request asks for too wide a scope', async () => {
    const { refresh_token: shown } = await server.client.login(person);
    const form = { grant_type: 'refresh_token', refresh_token: shown };
    expect((await token({ ...form, scope: 'users:write' })).status).toBe(400);
    const session = [decode(shown).claims['sid']];
    const rows = await server.database.query('SELECT generation FROM sessions WHERE id = $1', session);
    expect(rows).toEqual([{ generation: 1 }]);
    const { body } = await token(form);
    await server.client.refresh(body.refresh_token);
    // A reused token is a theft, even if the request asks for too wide a scope.
    const reused = await token({ ...form, scope: 'users:write' });
    expect([reused.status, reused.body['error']]).toEqual([400, 'invalid_grant']);
    expect((await server.client.refresh(body.refresh_token)).status).toBe(401);
  });

  it('answers invalid_grant for a string that is not a refresh token', async () => {
    const { access_token: access } = await server.client.login(person);
    for (const refreshToken of ['garbage', access]) {
      const { status, body } = await token({ grant_type: 'refresh_token', refresh_token: refreshToken });
      expect([status, body['error']]).toEqual([400, 'invalid_grant']);
    }
  });
});

describe('the token endpoint', () => {
  it.each<[string, Request, number, string]>([
    ['a body of JSON', { json: { username: 'a', password: 'b' } }, 415, 'invalid_request'],
    ['an empty form', { form: '' }, 400, 'invalid_request'],
    ['an unknown grant', { form: { grant_type: 'authorization_code' } }, 400, 'unsupported_grant_type'],
    [
      'a password grant without a password',
      { form: { grant_type: 'password', username: 'a' } },
      400,
      'invalid_request',
    ],
    ['a parameter given twice', { form: 'username=a&username=b&password=c' }, 400, 'invalid_request'],
    ['a control character', { form: { username: 'a\0b', password: 'c' } }, 400, 'invalid_request'],
  ])('refuses %s', async (_, request, status, error) => {
    const answer = await server.client.post('/oauth/token', request);
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect(answer.body['request_id']).toBe(answer.headers.get('x-request-id'));
  });

  it('ignores unknown parameters (RFC 6749 section 3.2)', async () => {
    const { username, password } = person;
    expect((await token({ username, password, audience: 'x', prompt: 'y' })).status).toBe(200);
  });

  it('takes empty Basic credentials for the public client', async () => {
    const { username, password } = person;
    const authorization = `Basic ${Buffer.from(':').toString('base64')}`;
    expect((await token({ username, password }, { authorization })).status).toBe(200);
  });

  it.each(['Basic c29tZW9uZTpzZWNyZXQ=', 'Bearer x', 'Basic !'])(
    'refuses the client %j',
    async (authorization) => {
      const { username, password } = person;
      const { status, body, headers } = await token({ username, password }, { authorization });
      expect([status, body['error']]).toEqual([401, 'invalid_client']);
      expect(headers.get('www-authenticate')).toBe('Basic realm="latchkey"');
    },
  );
});

it('the metadata of RFC 8414 names existing endpoints', async () => {
  const { status, body } = await server.client.get('/.well-known/oauth-authorization-server');
  expect(status).toBe(200);
  const issuer = server.config.tokens.issuer;
  expect(body).toMatchObject({ issuer, token_endpoint: `${issuer}/oauth/token` });
  const endpoints = ['token_endpoint', 'revocation_endpoint', 'introspection_endpoint'];
  for (const endpoint of [...endpoints, 'jwks_uri', 'service_documentation']) {
    const path = String(body[endpoint]).slice(issuer.length);
    const method = endpoints.includes(endpoint) ? 'POST' : 'GET';
    expect((await server.client.request(method, path)).status).not.toBe(404);
  }
  const withSecret = ['client_secret_basic', 'client_secret_post'];
  expect(body).toMatchObject({
    grant_types_supported: ['password', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_methods_supported: [...withSecret, 'none'],
    revocation_endpoint_auth_methods_supported: [...withSecret, 'none'],
    introspection_endpoint_auth_methods_supported: withSecret,
  });
});
