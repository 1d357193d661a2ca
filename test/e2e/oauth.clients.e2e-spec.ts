import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { administrator, type Member } from '../support/actors/administrators.js';
import { basic, clientToken, newClient, oauth, type RegisteredClient } from '../support/actors/clients.js';
import { rawRequest } from '../support/http/raw-http.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId } from '../support/tokens/tokens.js';

const GRANT = { grant_type: 'client_credentials' };
const INVALID_CLIENT = [401, 'invalid_client', 'Basic realm="latchkey"'];

let server: TestServer;
let admin: Member;
let client: RegisteredClient;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
  admin = await administrator(server);
  client = await newClient(server, admin, { scopes: ['tasks:read', 'tasks:write', 'users:read'] });
});
afterAll(() => server.close());

function token(form: Record<string, string>, headers: Record<string, string> = {}) {
  return server.client.post('/oauth/token', { form, headers });
}

async function refusal(form: Record<string, string>, headers: Record<string, string> = {}) {
  const answer = await token(form, headers);
  return [answer.status, answer.body['error'], answer.headers.get('www-authenticate')];
}

const encoded = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('the client credentials grant', () => {
  it('returns an access token of RFC 9068 without a refresh token (RFC 6749 section 4.4.3)', async () => {
    const { status, body, headers } = await token(GRANT, basic(client));
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.any(String),
        token_type: 'bearer',
        expires_in: 900,
        scope: 'tasks:read tasks:write',
      },
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    const { header, claims } = decode(String(body['access_token']));
    expect(header).toMatchObject({ alg: 'HS256', typ: 'at+jwt' });
    const id = client.client_id;
    const iat = claims['iat'] as number;
    expect(claims).toEqual({
      iss: server.config.tokens.issuer,
      aud: 'latchkey',
      sub: id,
      client_id: id,
      exp: iat + 900,
      iat: expect.any(Number),
      jti: expect.any(String),
      sid: expect.any(String),
      type: 'access',
      scope: 'tasks:read tasks:write',
      ver: 1,
    });
    const again = decode(await clientToken(server, client)).claims;
    expect(again['sid']).not.toBe(claims['sid']);
    expect(again['jti']).not.toBe(claims['jti']);
  });

  it('accepts the secret in the form', async () => {
    const answer = await token({ ...GRANT, ...client });
    expect(answer.status).toBe(200);
    const empty = await token({ ...GRANT, ...client }, encoded(':'));
    expect(empty.status).toBe(200);
  });

  it('accepts the id in the form beside the header if both are equal', async () => {
    const { client_id: id } = client;
    expect((await token({ ...GRANT, client_id: id }, basic(client))).status).toBe(200);
    expect(await refusal({ ...GRANT, client_id: freshId() }, basic(client))).toEqual([
      400,
      'invalid_request',
      null,
    ]);
  });

  it('refuses a request that authenticates in header and form', async () => {
    const { body, status } = await token({ ...GRANT, ...client }, basic(client));
    expect([status, body['error'], body['error_description']]).toEqual([
      400,
      'invalid_request',
      'The client must authenticate in one way, not in two',
    ]);
  });

  it('refuses two Authorization headers, even if one is empty', async () => {
    const headers = ['Basic Og==', basic(client)['authorization'] ?? ''].map(
      (value) => ['Authorization', value] as const,
    );
    const { status, text } = await rawRequest(server.url, {
      method: 'POST',
      path: '/oauth/token',
      headers: [['Content-Type', 'application/x-www-form-urlencoded'], ...headers],
      body: Buffer.from(new URLSearchParams(GRANT).toString()),
    });
    expect([status, JSON.parse(text)]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })]);
  });

  it('reads the header as form-encoded text (RFC 6749 section 2.3.1)', async () => {
    const { client_id: id, client_secret: secret } = client;
    const percents = secret.replaceAll(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
    expect((await token(GRANT, encoded(`${id}:${percents}`))).status).toBe(200);
    expect(
      (await token(GRANT, { authorization: basic(client)['authorization']!.replace('Basic', 'bASIC ') }))
        .status,
    ).toBe(200);
  });

  it('grants the scopes that the request asks for, and refuses scopes that the client does not have', async () => {
    const less = await token({ ...GRANT, scope: 'tasks:write tasks:read tasks:write' }, basic(client));
    expect([less.status, less.body['scope']]).toEqual([200, 'tasks:read tasks:write']);
    expect((await token({ ...GRANT, scope: '' }, basic(client))).body['scope']).toBe(
      'tasks:read tasks:write',
    );
    for (const scope of ['users:write', 'tasks:read users:write', 'nonsense', 'a  b', 'ä']) {
      expect(await refusal({ ...GRANT, scope }, basic(client))).toEqual([400, 'invalid_scope', null]);
    }
  });

  it('is refused to a client that may not use it, and to a request without a client', async () => {
    const resourceServer = await newClient(server, admin, { grants: [] });
    expect(await refusal(GRANT, basic(resourceServer))).toEqual([400, 'unauthorized_client', null]);
    expect(await refusal(GRANT)).toEqual(INVALID_CLIENT);
    expect(await refusal(GRANT, encoded(':'))).toEqual(INVALID_CLIENT);
    expect(await refusal({ ...GRANT, client_id: 'first-party' })).toEqual(INVALID_CLIENT);
  });
});

describe('a client', () => {
  it.each<[string, () => Record<string, string>, () => Record<string, string>]>([
    ['a wrong secret', () => ({}), () => basic({ ...client, client_secret: 'wrong' })],
    ['the secret of another client', () => ({}), () => basic({ ...client, client_id: admin.id })],
    ['an unknown id', () => ({}), () => basic({ ...client, client_id: freshId() })],
    ['a malformed id', () => ({}), () => basic({ ...client, client_id: "x' OR 1=1" })],
    ['no secret', () => ({}), () => basic({ ...client, client_secret: '' })],
    ['no id', () => ({}), () => basic({ ...client, client_id: '' })],
    ['a secret alone in the form', () => ({ client_secret: client.client_secret }), () => ({})],
    ['an id alone in the form', () => ({ client_id: client.client_id }), () => ({})],
    ['the public id with a secret', () => ({ ...client, client_id: 'first-party' }), () => ({})],
    ['a wrong secret in the form', () => ({ ...client, client_secret: 'wrong' }), () => ({})],
    ['no colon', () => ({}), () => encoded(client.client_id)],
    ['credentials that are not form-encoded', () => ({}), () => encoded(`${client.client_id}:%zz`)],
    ['a bearer token', () => ({}), () => ({ authorization: `Bearer ${admin.access_token}` })],
  ])('is refused with %s', async (_, form, headers) => {
    expect(await refusal({ ...GRANT, ...form() }, headers())).toEqual(INVALID_CLIENT);
    const { username, password } = admin;
    expect(await refusal({ username, password, ...form() }, headers())).toEqual(INVALID_CLIENT);
  });

  it('that does not exist gets the same bytes as a client with a wrong secret', async () => {
    const ask = (one: RegisteredClient) => token(GRANT, { ...basic(one), 'x-request-id': 'same' });
    const wrong = await ask({ ...client, client_secret: 'wrong' });
    const unknown = await ask({ ...client, client_id: freshId() });
    expect(unknown.text).toBe(wrong.text);
    expect([...unknown.headers.keys()]).toEqual([...wrong.headers.keys()]);
  });

  it('may not use the password and refresh grants', async () => {
    const { username, password, refresh_token: refresh } = await server.client.newcomer();
    const forms: Array<Record<string, string>> = [
      { username, password },
      { grant_type: 'password', username, password },
      { grant_type: 'refresh_token', refresh_token: refresh },
    ];
    for (const form of forms) {
      expect(await refusal(form, basic(client))).toEqual([400, 'unauthorized_client', null]);
    }
    expect((await server.client.refresh(refresh)).status).toBe(200);
  });

  it('may name itself first-party if it is the public client', async () => {
    const { username, password } = await server.client.register();
    const form = { username, password, client_id: 'first-party' };
    const { status, body } = await token(form);
    expect(status).toBe(200);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
    expect((await token({ ...refresh, client_id: 'first-party' })).status).toBe(200);
    expect((await token(form, encoded('first-party:'))).status).toBe(200);
  });

  it('is counted by the limit of the token endpoint even if its secret is wrong', async () => {
    const answer = await oauth(server, 'token', GRANT, { ...client, client_secret: 'wrong' });
    expect(answer.headers.get('ratelimit-policy')).toMatch(/^"token"/);
  });
});

describe('a route about the caller’s own account', () => {
  it.each([
    ['GET', '/users/me'],
    ['PATCH', '/users/me'],
    ['DELETE', '/users/me'],
    ['PUT', '/users/me/password'],
    ['GET', '/auth/sessions'],
    ['DELETE', '/auth/sessions/x'],
    ['POST', '/auth/logout'],
    ['POST', '/auth/logout-all'],
  ])('is closed to a client: %s %s', async (method, path) => {
    const json = method === 'PATCH' || method === 'PUT' ? { json: { unknown: true } } : {};
    const answer = await server.client.request(method, path, {
      token: await clientToken(server, client),
      ...json,
    });
    expect([answer.status, answer.body['code']]).toEqual([403, 'user_required']);
  });
});

it('forward authentication names a client as it names a user', async () => {
  const access = await clientToken(server, client, 'tasks:read');
  const { status, headers } = await server.client.get('/auth/verify?scope=tasks:read', { token: access });
  expect([status, headers.get('x-auth-user'), headers.get('x-auth-client')]).toEqual([
    200,
    client.client_id,
    client.client_id,
  ]);
  expect(headers.get('x-auth-scope')).toBe('tasks:read');
  expect(headers.get('x-auth-session')).toBe(decode(access).claims['sid']);
  const someone = await server.client.newcomer();
  const person = await server.client.get('/auth/verify', { token: someone.access_token });
  expect([person.headers.get('x-auth-user'), person.headers.get('x-auth-client')]).toEqual([
    someone.id,
    'first-party',
  ]);
});
