import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/service/built.js';
import { faultsOf } from '../support/http/answers.js';
import { eventually } from '../support/service/process.js';
import { parsedAnswer, rawBytes, rawRequest, type RawAnswer } from '../support/http/raw-http.js';
import { startServer, type TestServer } from '../support/service/server.js';

const ADMIN = { email: 'root@example.com', password: 'a password of the tests' };
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

let server: TestServer;
let user: string;
let refreshToken: string;
let admin: string;

beforeAll(async () => {
  server = await startServer({ env: { CORS_ORIGINS: 'https://app.example.org' } });
  await server.app.get(FirstAdministrator).ensure(ADMIN);
  const root = await server.client.loginForService({ username: ADMIN.email, password: ADMIN.password });
  const person = await server.client.newcomer();
  [admin, user, refreshToken] = [root.access_token, person.access_token, person.refresh_token];
});
afterAll(() => server.close());

function send(
  method: string,
  path: string,
  headers: ReadonlyArray<readonly [string, string]> = [],
): Promise<RawAnswer> {
  return rawRequest(server.url, { method, path, headers });
}

function codeOf({ text }: RawAnswer): unknown {
  return (JSON.parse(text) as Record<string, unknown>)['code'];
}

async function bytesSent(...lines: string[]): Promise<RawAnswer> {
  return parsedAnswer(await rawBytes(server.url, `${lines.join('\r\n')}\r\n\r\n`));
}

describe('X-Request-Id', () => {
  it.each(['a', 'A-Z.a_z-0.9', 'x'.repeat(64)])('is kept when valid: %s', async (id) => {
    const { headers, body } = await server.client.get('/nothing', { headers: { 'x-request-id': id } });
    expect([headers.get('x-request-id'), body['request_id']]).toEqual([id, id]);
    await server.client.get('/health/live', { headers: { 'x-request-id': id } });
    expect(server.log.filter((line) => line['request_id'] === id).length).toBeGreaterThanOrEqual(3);
  });

  it.each(['', 'x'.repeat(65), 'two words', 'a,b', 'a/b', '<script>', 'é', '../x'])(
    'is made anew where it does not: %s',
    async (id) => {
      const { headers } = await send('GET', '/health/live', [['X-Request-Id', id]]);
      expect(headers['x-request-id']).toMatch(REQUEST_ID);
      expect(headers['x-request-id']).not.toBe(id);
    },
  );

  it('is replaced when sent twice', async () => {
    const { headers } = await send('GET', '/health/live', [
      ['X-Request-Id', 'one'],
      ['X-Request-Id', 'two'],
    ]);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('Cache-Control', () => {
  it('is no-store on every answer with a credential', async () => {
    const person = await server.client.register();
    const { username, password } = person;
    const { access_token: token } = await server.client.login(person);
    const answers = [
      await server.client.post('/auth/login', { json: { username, password } }),
      await server.client.post('/oauth/token', { form: { username, password } }),
      await server.client.refresh(refreshToken),
      await server.client.post('/auth/login', { json: { username, password: 'wrong' } }),
      await server.client.get('/auth/verify', { token }),
      await server.client.get('/auth/verify'),
      await server.client.get('/auth/sessions', { token }),
      await server.client.get('/users/me', { token }),
      await server.client.get('/users', { token: admin }),
      await server.client.request('PUT', '/users/me/password', {
        token,
        json: { current_password: password, new_password: `${password}!` },
      }),
      await server.client.post('/auth/logout', { token }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 200, 401, 200, 401, 200, 200, 200, 204, 204,
    ]);
    expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(answers.map(() => 'no-store'));
  });
});

describe('repeated headers', () => {
  it('are refused when they are credentials', async () => {
    const answer = await send('GET', '/users/me', [
      ['Authorization', `Bearer ${user}`],
      ['authorization', `Bearer ${admin}`],
    ]);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'authorization_malformed']);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer error="invalid_request", error_description="The request has more than one Authorization header"',
    );
  });

  it.each([
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3']],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
  ])('are refused when they set the end of a request: %s', async (_, lines) => {
    const answer = await bytesSent('POST /auth/login HTTP/1.1', 'Host: x', ...lines);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
  });
});

describe('malformed HTTP', () => {
  it.each<[string, string[]]>([
    ['a TLS handshake', ['\u0016\u0003\u0001\u0002\u0000']],
    ['an unknown method', ['MAKE /users/me HTTP/1.1', 'Host: x']],
    ['HTTP/2', ['PRI * HTTP/2.0', '', 'SM']],
    ['NUL in a header', ['GET /health/live HTTP/1.1', 'Host: x', 'X: \u0000']],
    ['a space in the path', ['GET /a b HTTP/1.1', 'Host: x']],
    ['a folded header', ['GET /health/live HTTP/1.1', 'Host: x', 'X: a', ' b']],
    [
      'an unknown transfer coding',
      ['POST /auth/login HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Transfer-Encoding: gzip'],
    ],
    ['no Host', ['GET /health/live HTTP/1.1', 'Connection: close']],
    ...[
      '',
      ' ',
      'a b',
      'a/b',
      'a@b',
      'a\u00e9',
      'a<b>',
      'a:b',
      'a:1:2',
      'a:123456',
      '[::1',
      '::1',
      '[x]',
      'a"',
      'a\\b',
      '%zz',
    ].map((host): [string, string[]] => [
      `the Host ${JSON.stringify(host)}`,
      ['GET /auth/verify HTTP/1.1', `Host: ${host}`, 'Connection: close'],
    ]),
    ['two Hosts', ['GET /health/live HTTP/1.1', 'Host: a', 'Host: b', 'Connection: close']],
    ['the same Host twice', ['GET /health/live HTTP/1.1', 'Host: a', 'host: a', 'Connection: close']],
  ])('is answered 400 as a problem: %s', async (_, lines) => {
    const answer = await bytesSent(...lines);
    expect(answer.status).toBe(400);
    expect(faultsOf(answer, { method: 'GET', path: '/' })).toEqual([]);
    expect(codeOf(answer)).toBe('invalid_request');
  });

  it('does not concern these hosts', async () => {
    const hosts = [
      'a',
      'a.b:80',
      'A_b-c~1',
      '127.0.0.1:3000',
      '[::1]:3000',
      '[2001:db8::1]',
      'a:',
      'xn--bcher-kva.example',
    ];
    for (const host of hosts) {
      const answer = await bytesSent('GET /health/live HTTP/1.1', `Host: ${host}`, 'Connection: close');
      expect([host, answer.status]).toEqual([host, 200]);
    }
    expect((await bytesSent('GET /health/live HTTP/1.0')).status).toBe(200);
  });

  it('refuses two Hosts where a known good token is asked about', async () => {
    const bearer = `Authorization: Bearer ${user}`;
    const ask = (...hosts: string[]) =>
      bytesSent(
        'GET /auth/verify HTTP/1.1',
        ...hosts.map((host) => `Host: ${host}`),
        bearer,
        'Connection: close',
      );
    const answers = [await ask('a'), await ask('a'), await ask('a', 'b'), await ask('a b')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 400]);
  });

  it('is answered 431 when the headers are too large', async () => {
    const answer = await send('GET', '/health/live', [['X-A', 'a'.repeat(17_000)]]);
    expect([answer.status, codeOf(answer)]).toEqual([431, 'headers_too_large']);
    expect(faultsOf(answer, { method: 'GET', path: '/' })).toEqual([]);
  });

  it('is answered as a problem when it expects something unknown', async () => {
    const answer = await send('GET', '/health/live', [['Expect', 'the impossible']]);
    expect(answer.status).toBeLessThan(500);
    expect(faultsOf(answer, { method: 'GET', path: '/' })).toEqual([]);
  });
});

describe('a path', () => {
  it.each(['/%zz', '/users/%', '/users/%ff', `/users/${'x'.repeat(5000)}`])(
    'that cannot be read is not_found: %s',
    async (path) => {
      const answer = await send('GET', path, [['Authorization', `Bearer ${admin}`]]);
      expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
      expect(faultsOf(answer, { method: 'GET', path })).toEqual([]);
    },
  );

  it('that cannot be decoded has a line in the log', async () => {
    const id = `unreadable-${Date.now()}`;
    await send('GET', '/users/%zz', [['X-Request-Id', id]]);
    const lines = () => server.log.filter((line) => line['request_id'] === id);
    await eventually(1000, async () => lines().length > 0);
    expect(lines()).toMatchObject([
      { msg: 'request', method: 'GET', route: 'unmatched', status: 404, code: 'not_found' },
    ]);
  });

  it('that cannot be decoded has the form of RFC 6749 under /oauth/', async () => {
    const answer = await send('GET', '/oauth/%zz');
    expect(answer.status).toBe(404);
    expect(faultsOf(answer, { method: 'GET', path: '/oauth/%zz' })).toEqual([]);
  });

  it.each([
    '/users/%6de',
    '/%75sers/me',
    '//users/me',
    '/users//me',
    '/users/me/',
    '/users/me%2f',
    '/users%2fme',
    '/users/me;x',
    '/users/me%00',
    '/users/me.json',
    '/USERS/ME',
    '/./users/me',
    '/users/./me',
    '/health/live/../../users/me',
    '/health/%2e%2e/users/me',
    '/docs/../users/me',
    '/docs/%2e%2e/users/me',
    '/docs/%2e%2e/%2e%2e/package.json',
    '/docs/%00',
    'http://evil.example/users/me',
    '/users/me?access_token=x',
    '/users/me#x',
  ])('in another spelling does not open a protected route: %s', async (path) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await send(method, path);
      expect([401, 404]).toContain(answer.status);
      expect(faultsOf(answer, { method, path })).toEqual([]);
    }
  });
});

describe('HEAD', () => {
  it.each([
    ['/users/me', 401, 200, 200],
    ['/auth/verify', 401, 200, 401],
    ['/auth/sessions', 401, 200, 200],
    ['/users', 401, 403, 200],
    ['/health/live', 200, 200, 200],
  ])('is guarded like GET: %s', async (path, anonymous, asUser, asAdmin) => {
    for (const method of ['HEAD', 'GET']) {
      const statuses = [
        await send(method, path),
        await send(method, path, [['Authorization', `Bearer ${user}`]]),
        await send(method, path, [['Authorization', `Bearer ${admin}`]]),
      ].map(({ status }) => status);
      expect(statuses).toEqual([anonymous, asUser, asAdmin]);
    }
    expect((await send('HEAD', path)).text).toBe('');
  });
});

describe('other methods', () => {
  it.each(['TRACE', 'PROPFIND', 'LINK'])('are method_not_allowed with Allow: %s', async (method) => {
    const answer = await send(method, '/users/me', [['Authorization', `Bearer ${user}`]]);
    expect([answer.status, codeOf(answer)]).toEqual([405, 'method_not_allowed']);
    expect(answer.headers.allow).toBe('DELETE, GET, HEAD, PATCH');
    expect(answer.text).not.toContain(user);
  });

  it.each([
    ['PUT', '/oauth/token', 405],
    ['PUT', '/auth/login', 405],
    ['POST', '/nothing', 404],
    ['POST', '/oauth/nothing', 404],
  ])('and unknown paths are answered whatever the body: %s %s', async (method, path, status) => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await server.client.request(method, path, {
        body: '{}',
        headers: { 'content-type': type },
      });
      expect([type, answer.status]).toEqual([type, status]);
    }
  });

  it.each(['/users/me', '/nothing', '/oauth/token', '*'])(
    'OPTIONS by no browser has no answer of its own: %s',
    async (path) => {
      const answer = await send('OPTIONS', path);
      expect([204, 404, 405]).toContain(answer.status);
      expect(faultsOf(answer, { method: 'OPTIONS', path })).toEqual([]);
    },
  );
});

describe('under /oauth/', () => {
  it.each<[string, string, object, number, string]>([
    ['POST', '/oauth/token', { json: {} }, 415, 'invalid_request'],
    ['POST', '/oauth/token', { form: '' }, 400, 'invalid_request'],
    ['POST', '/oauth/token', { form: { grant_type: 'password', username: 'a' } }, 400, 'invalid_request'],
    ['POST', '/oauth/token', { form: 'grant_type=password&grant_type=password' }, 400, 'invalid_request'],
    ['POST', '/oauth/token', { form: { grant_type: 'device' } }, 400, 'unsupported_grant_type'],
    ['POST', '/oauth/token', { form: { username: 'a', password: 'b' } }, 401, 'invalid_grant'],
    [
      'POST',
      '/oauth/token',
      { form: { grant_type: 'refresh_token', refresh_token: 'x' } },
      400,
      'invalid_grant',
    ],
    ['POST', '/oauth/token', { form: { client_id: 'x' } }, 401, 'invalid_client'],
    ['POST', '/oauth/token', { form: { username: 'x'.repeat(70_000) } }, 413, 'invalid_request'],
    ['GET', '/oauth/token', {}, 405, 'invalid_request'],
    ['GET', '/oauth/nothing', {}, 404, 'invalid_request'],
  ])('%s %s errors have the form of RFC 6749: %j', async (method, path, request, status, error) => {
    const answer = await server.client.request(method, path, request);
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    const raw = { status, headers: Object.fromEntries(answer.headers), text: answer.text };
    expect(faultsOf(raw, { method, path })).toEqual([]);
  });
});
