import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { disableAccount } from '../support/actors/administrators.js';
import type { TokenPair } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
});
afterAll(() => server.close());

function login(json: unknown, path = '/auth/login') {
  return server.client.post<TokenPair & Record<string, unknown>>(path, { json });
}

describe('registering', () => {
  it('answers the user without the password, and the Location of the user', async () => {
    const json = {
      email: 'Ada@Example.com',
      password: 'a long enough phrase',
      username: 'Ada',
      full_name: 'Ada L',
    };
    const { status, headers, body, text } = await server.client.post('/auth/register', { json });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/users/${String(body['id'])}`);
    expect(body).toEqual({
      id: expect.stringMatching(UUID_V7),
      email: 'Ada@Example.com',
      email_verified: false,
      username: 'Ada',
      full_name: 'Ada L',
      roles: ['user'],
      scopes: [],
      status: 'active',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: expect.any(String),
    });
    expect(text).not.toContain('phrase');
    expect(text).not.toContain('argon2');
  });

  it.each(['roles', 'status', 'id', 'scopes', 'permission_version'])(
    'accepts no %s in the body',
    async (field) => {
      const json = { email: 'mallory@example.com', password: 'a long enough phrase', [field]: 'admin' };
      const { status, body } = await server.client.post('/auth/register', { json });
      expect([status, body['errors']]).toEqual([
        422,
        [{ field, code: 'unknown_field', message: 'This field is unknown' }],
      ]);
    },
  );

  it.each([
    ['shorter than 8 characters', 'seven77', 'too_short'],
    ['of eight code units that are four characters', '😀😀😀😀', 'too_short'],
    ['longer than 1024 characters', 'x'.repeat(512) + 'y'.repeat(513), 'too_long'],
    ['that is common', 'Password123', 'too_common'],
    ['of one repeated character', '𝟙'.repeat(12), 'too_common'],
    ['that is the e-mail address', 'Weak@Example.com', 'contains_identity'],
    ['that is the user name', 'WeakPerson', 'contains_identity'],
  ])('refuses a password %s', async (_, password, code) => {
    const json = { email: 'weak@example.com', username: 'weakperson', password };
    const { status, body } = await server.client.post('/auth/register', { json });
    expect([status, body['errors']]).toEqual([422, [expect.objectContaining({ field: 'password', code })]]);
  });

  it('accepts any password of 8 to 1024 characters, whatever the characters', async () => {
    for (const password of ['ᚠᛇᚻ᛫ᛒᛦᚦ᛫', 'aB3!'.repeat(256), '           x', '72'.repeat(36)]) {
      const { email } = await registerWith(password);
      expect((await login({ username: email, password })).status).toBe(200);
    }
  });
});

async function registerWith(password: string): Promise<{ email: string }> {
  const email = `u${Math.random().toString(36).slice(2)}@example.com`;
  const answer = await server.client.post('/auth/register', { json: { email, password } });
  expect(answer.status).toBe(201);
  return { email };
}

describe('logging in', () => {
  it('answers a token pair for an e-mail address or a user name, in any case', async () => {
    const { email, username, password } = await server.client.register();
    for (const name of [email, email.toUpperCase(), username, username.toUpperCase()]) {
      const { status, body, headers } = await login({ username: name, password });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual({
        access_token: expect.any(String),
        token_type: 'bearer',
        expires_in: 900,
        refresh_token: expect.any(String),
        scope: '',
      });
    }
  });

  it('accepts a password typed in another Unicode normalization form', async () => {
    const { email } = await registerWith('pâsswörd of Zoë');
    expect((await login({ username: email, password: 'pâsswörd of Zoë'.normalize('NFD') })).status).toBe(200);
  });

  it('refuses a wrong password and an unknown user with the same bytes', async () => {
    const { email, password } = await server.client.register();
    const wrong = await login({ username: email, password: `${password}x` });
    const unknown = await login({ username: 'nobody@example.com', password });
    expect(wrong.status).toBe(401);
    expect(wrong.body).toMatchObject({
      code: 'invalid_credentials',
      detail: 'Incorrect username or password',
    });
    expect({ ...unknown.body, request_id: '' }).toEqual({ ...wrong.body, request_id: '' });
    expect(unknown.headers.get('www-authenticate')).toBe(wrong.headers.get('www-authenticate'));
  });

  it('reads no credentials from the query string', async () => {
    const { username, password } = await server.client.register();
    const query = new URLSearchParams({ username, password }).toString();
    const { status } = await login({}, `/auth/login?${query}`);
    expect(status).toBe(422);
  });

  it('answers account_disabled only to the right password', async () => {
    const { id, email, password } = await server.client.register();
    await disableAccount(server, id);
    expect((await login({ username: email, password })).body['code']).toBe('account_disabled');
    expect((await login({ username: email, password: 'something else' })).body['code']).toBe(
      'invalid_credentials',
    );
  });
});

describe('the access token', () => {
  it('holds ids, times and scopes, and no personal data', async () => {
    const { id, email, username, password } = await server.client.register();
    const { access_token: token } = await server.client.login({ username, password });
    const { header, claims } = decode(token);
    expect(Object.keys(header)).toEqual(['alg', 'typ', 'kid']);
    expect(header).toMatchObject({ alg: 'HS256', typ: 'at+jwt' });
    expect(claims).toEqual({
      iss: 'http://localhost:3000',
      aud: 'latchkey',
      sub: id,
      client_id: 'first-party',
      exp: (claims['iat'] as number) + 900,
      iat: Math.floor(claims['iat'] as number),
      jti: expect.stringMatching(UUID_V7),
      sid: expect.stringMatching(UUID_V7),
      type: 'access',
      scope: '',
      ver: 1,
    });
    const readable = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    for (const secret of [email, username, password, server.secret]) expect(readable).not.toContain(secret);
  });

  it('is three base64url parts without padding, and with HS256 starts with eyJhbGciOiJIUzI1NiIs', async () => {
    const { access_token: access, refresh_token: refresh } = await server.client.newcomer();
    for (const token of [access, refresh]) {
      expect(token).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
      expect(token.startsWith('eyJhbGciOiJIUzI1NiIs')).toBe(true);
    }
  });

  it('has a jti of its own', async () => {
    const person = await server.client.register();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => server.client.login(person)));
    expect(new Set(tokens.map(({ access_token: token }) => decode(token).claims['jti'])).size).toBe(20);
  });

  it('is refused from the second it expires, with the header of the contract', async () => {
    const { access_token: token } = await server.client.newcomer();
    const exp = decode(token).claims['exp'] as number;
    await server.move(exp * 1000 - server.clock.now() - 2000);
    expect((await server.client.me(token)).status).toBe(200);
    await server.move(exp * 1000 - server.clock.now());
    const { status, body, headers } = await server.client.me(token);
    expect([status, body['code'], body['detail']]).toEqual([401, 'token_expired', 'Token has expired']);
    expect(headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="Token has expired"',
    );
  });

  it('does not live longer when it is used', async () => {
    const { access_token: token } = await server.client.newcomer();
    const before = decode(token).claims['exp'];
    for (let use = 0; use < 3; use++) await server.client.me(token);
    expect(decode(token).claims['exp']).toBe(before);
    await server.move(900_000);
    expect((await server.client.me(token)).status).toBe(401);
  });
});

describe('kinds of token', () => {
  it('a refresh token is refused as bearer', async () => {
    const { refresh_token: token } = await server.client.newcomer();
    const { status, body, headers } = await server.client.me(token);
    expect([status, body['code'], body['detail']]).toEqual([401, 'token_wrong_type', 'Wrong token type']);
    expect(headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="Wrong token type"',
    );
  });

  it('an access token is refused for a refresh', async () => {
    const { access_token: token } = await server.client.newcomer();
    const { status, body } = await server.client.refresh(token);
    expect([status, body['code'], body['detail']]).toEqual([401, 'token_wrong_type', 'wrong token type']);
  });

  it.each(['', 'garbage', 'a.b.c', '..'])('garbage (%j) is an invalid refresh token', async (token) => {
    const { status, body } = await server.client.refresh(token);
    expect([status, body['code'], body['detail']]).toEqual([
      401,
      'refresh_token_invalid',
      'invalid refresh token',
    ]);
  });
});
