import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/service/built.js';
import type { TokenPair } from '../support/http/client.js';
import { operationsOf, type Document } from '../support/http/openapi.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const CHOSEN = 'a ship is safe in harbour';
const REFUSED = [403, 'password_change_required'];

let server: TestServer;
let username: string;
let password: string;
let pair: TokenPair;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

beforeEach(async () => {
  await server.database.query(`DELETE FROM users`);
  const created = await server.app.get(FirstAdministrator).ensure(undefined);
  username = created?.username ?? '';
  password = created?.generatedPassword ?? '';
  pair = await server.client.login({ username, password });
});

async function send(method: string, path: string, token: string, json?: unknown): Promise<[number, unknown]> {
  const request = { token, ...(json !== undefined && { json }) };
  const { status, body } = await server.client.request(method, path, request);
  return [status, (body as { code?: unknown } | null)?.code];
}

function change(token: string, to = CHOSEN): Promise<[number, unknown]> {
  return send('PUT', '/users/me/password', token, { current_password: password, new_password: to });
}

describe('a login with a generated password', () => {
  it('answers 200 with an empty scope and a token for this service alone', async () => {
    expect(pair.scope).toBe('');
    const form = { username, password, scope: 'users:read' };
    const { status, body } = await server.client.post<TokenPair>('/oauth/token', { form });
    expect([status, body.scope]).toEqual([200, '']);
    for (const token of [pair.access_token, body.access_token]) {
      const expected = { aud: server.config.tokens.issuer, scope: '', password_change_required: true };
      expect(decode(token).claims).toMatchObject(expected);
    }
  });

  it('opens nothing but the change of the password and the logout', async () => {
    const operations = operationsOf((await server.client.get<Document>('/docs-json')).body);
    const closed = operations.filter(({ operation }) => operation.security?.some((each) => 'bearer' in each));
    const open = ['PUT /users/me/password', 'POST /auth/logout'];
    const tried = [];
    for (const { method, path } of closed) {
      if (open.includes(`${method} ${path}`)) continue;
      const target = path.replace('{id}', '00000000-0000-7000-8000-000000000000');
      tried.push([
        method,
        path,
        await send(method, target, pair.access_token, method === 'GET' ? undefined : {}),
      ]);
    }
    expect(tried.length).toBeGreaterThan(20);
    expect(tried.filter(([, , answer]) => JSON.stringify(answer) !== JSON.stringify(REFUSED))).toEqual([]);
    expect(await send('POST', '/auth/logout', pair.access_token)).toEqual([204, undefined]);
  });

  it('stays so after a refresh', async () => {
    const { body } = await server.client.refresh(pair.refresh_token);
    expect(body.scope).toBe('');
    expect(await send('GET', '/users/me', body.access_token)).toEqual(REFUSED);
  });
});

describe('the change of a generated password', () => {
  it('makes the token stale, and a refresh brings the scopes', async () => {
    expect(await change(pair.access_token)).toEqual([204, undefined]);
    expect(await send('GET', '/users/me', pair.access_token)).toEqual([401, 'token_stale']);
    const { body } = await server.client.refresh(pair.refresh_token);
    expect(await send('GET', '/users/me', body.access_token)).toEqual([200, undefined]);
    const login = { username, password: CHOSEN, scope: 'users:read' };
    const answer = await server.client.post<TokenPair>('/auth/login', { json: login });
    expect(answer.body.scope).toBe('users:read');
    expect(await send('GET', '/users', answer.body.access_token)).toEqual([200, undefined]);
  });

  it('is not made by the same password, a common one or a wrong current one', async () => {
    expect(await change(pair.access_token, password)).toEqual([422, 'validation_failed']);
    expect(await change(pair.access_token, 'Password1!')).toEqual([422, 'validation_failed']);
    const json = { current_password: 'wrong', new_password: CHOSEN };
    expect(await send('PUT', '/users/me/password', pair.access_token, json)).toEqual([
      401,
      'invalid_credentials',
    ]);
    expect(await send('GET', '/users/me', pair.access_token)).toEqual(REFUSED);
  });

  it('is made once by several at the same moment, and leaves one session', async () => {
    const other = await server.client.login({ username, password });
    const changes = [pair, other, pair, other].map(({ access_token: token }, index) =>
      change(token, `${CHOSEN} ${index}`),
    );
    const answers = await Promise.all(changes);
    expect(answers.filter(([status]) => status === 204)).toHaveLength(1);
    const alive = await Promise.all(
      [pair, other].map(({ refresh_token: token }) => server.client.refresh(token)),
    );
    expect(alive.map(({ status }) => status).sort()).toEqual([200, 401]);
  });
});

describe('an administrator with a password of the settings', () => {
  it('need not change it', async () => {
    await server.database.query('DELETE FROM users');
    await server.app.get(FirstAdministrator).ensure({ email: 'root@example.com', password: CHOSEN });
    const { access_token: token } = await server.client.login({
      username: 'root@example.com',
      password: CHOSEN,
    });
    expect(await send('GET', '/users/me', token)).toEqual([200, undefined]);
  });
});
