import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { ERROR_CODES } from '../../src/platform/kernel/error-codes.js';
import { memberWithScopes, newRole, type Member } from '../support/actors/administrators.js';
import { freePort } from '../support/service/free-port.js';
import { eventually } from '../support/service/process.js';
import { rawBytes, rawRequest, type RawAnswer, type RawRequest } from '../support/http/raw-http.js';
import { proxyIsMissing, ReverseProxy, type ProxyName } from '../support/http/reverse-proxy.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const IDENTITY = /^x[-_]auth[-_]/i;
const SPREAD_MS = 1000;
const MINUTES_MS = 60_000;

/** A request as it reached the API. */
interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly digest: string;
}

const arrived: Arrived[] = [];
let api: Server;
let server: TestServer;
let reader: Member;

beforeAll(async () => {
  api = await listening((request, response) => {
    void arrive(request).then((method) => response.end(`api ${method}`));
  });
  server = await startServer({ env: { TRUSTED_PROXIES: '127.0.0.1' } });
  reader = await memberWithScopes(server, 'reports:read', 'reports:write');
});
afterAll(async () => {
  await server.close();
  api.closeAllConnections();
  api.close();
});
beforeEach(() => {
  arrived.length = 0;
});

/** Records a request with the digest of its body; returns its method. */
async function arrive(request: IncomingMessage): Promise<string> {
  const { method = '', url = '', rawHeaders } = request;
  const body = digest(await buffer(request));
  arrived.push({ method, url, headers: pairs(rawHeaders), digest: body });
  return method;
}

async function listening(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const made = createServer(handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => made.once('listening', resolve));
  return made;
}

function portOf(of: Server): number {
  return (of.address() as AddressInfo).port;
}

function pairs(rawHeaders: readonly string[]): Array<[string, string]> {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as [string, string]] : [],
  );
}

function digest(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The identity headers that reached the API, with repetitions. */
function identity(): Array<[string, string]> {
  expect(arrived).toHaveLength(1);
  const found = (arrived[0]?.headers ?? []).filter(([name]) => IDENTITY.test(name));
  return found.map(([name, value]): [string, string] => [name.toLowerCase(), value]).sort();
}

function identityOf(token: string): Array<[string, string]> {
  const { sub, scope, sid, client_id: client } = decode(token).claims;
  return [
    ['x-auth-client', String(client)],
    ['x-auth-scope', String(scope)],
    ['x-auth-session', String(sid)],
    ['x-auth-user', String(sub)],
  ];
}

function bearer(token: string): Array<readonly [string, string]> {
  return [['Authorization', `Bearer ${token}`]];
}

/** The parts of a refusal that a client can see, without the request id. */
function refusalOf({ status, headers, text }: RawAnswer) {
  const { request_id: id, ...body } = JSON.parse(text) as Record<string, unknown>;
  return {
    status,
    challenge: headers['www-authenticate'],
    contentType: headers['content-type']?.replace('; charset=utf-8', ''),
    cacheControl: headers['cache-control'],
    idIsTheHeaders: id === headers['x-request-id'],
    body,
  };
}

const proxies: ProxyName[] = ['nginx', 'Caddy'];
for (const name of proxies.filter(proxyIsMissing))
  process.stdout.write(`skipped: no ${name} on this machine\n`);
const runnable = proxies.filter((name) => !proxyIsMissing(name));
// Jest refuses an empty list.
const eachProxy = runnable.length > 0 ? describe.each(runnable) : describe.skip.each(proxies);

eachProxy('behind %s', (name) => {
  let proxy: ReverseProxy;

  beforeAll(async () => {
    proxy = await ReverseProxy.start(name, { service: Number(new URL(server.url).port), api: portOf(api) });
  });
  afterAll(() => proxy?.stop());

  const send = (path: string, request: Partial<RawRequest> = {}) =>
    rawRequest(proxy.url, { method: 'GET', path, ...request });
  const asked = (path: string, token: string) => send(path, { headers: bearer(token) });

  /** Latchkey's own answer to the same request. */
  const direct = async (path: string, headers: RawRequest['headers'] = []) =>
    refusalOf(await rawRequest(server.url, { method: 'GET', path, headers }));

  it('a request with a valid token reaches the API with user, client, scopes and session, each once', async () => {
    const answer = await asked('/tasks?a=1', reader.access_token);
    expect([answer.status, answer.text, arrived[0]?.url]).toEqual([200, 'api GET', '/tasks?a=1']);
    expect(identity()).toEqual(identityOf(reader.access_token));
  });

  it.each(['GET', 'POST', 'OPTIONS', 'DELETE'])(
    '%s without a token gets the 401 of Latchkey',
    async (method) => {
      const answer = await send('/tasks', { method });
      expect(refusalOf(answer)).toEqual(await direct('/auth/verify'));
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(arrived).toEqual([]);
    },
  );

  it('HEAD and OPTIONS need a token and reach the API with one', async () => {
    for (const method of ['HEAD', 'OPTIONS']) {
      expect((await send('/tasks', { method })).status).toBe(401);
      expect((await send('/tasks', { method, headers: bearer(reader.access_token) })).status).toBe(200);
    }
    expect(arrived.map(({ method }) => method)).toEqual(['HEAD', 'OPTIONS']);
  });

  it('identity headers of the client never reach the API, in any spelling', async () => {
    const names = ['User', 'Client', 'Scope', 'Session'].flatMap((last) =>
      ['X-Auth-', 'X_Auth_', 'X-Auth_', 'X_Auth-', 'x-auth-', 'X-AUTH-', 'x_auth_', 'X_AUTH_', 'x-Auth_'].map(
        (first) => first + (first === first.toUpperCase() ? last.toUpperCase() : last),
      ),
    );
    const forged = names.flatMap((field) => [[field, 'root'] as const, [field, 'admin'] as const]);
    await send('/tasks', { headers: [...forged, ...bearer(reader.access_token), ...forged] });
    expect(identity()).toEqual(identityOf(reader.access_token));
    for (const path of ['/health', '/reports/1']) {
      arrived.length = 0;
      await send(path, { headers: [...forged, ...bearer(reader.access_token)] });
      expect(identity()).toEqual(path === '/health' ? [] : identityOf(reader.access_token));
    }
  });

  it('for a token without scopes the client’s scope header does not reach the API', async () => {
    const { access_token: token } = await server.client.newcomer();
    await send('/tasks', { headers: [['X-Auth-Scope', 'admin'], ...bearer(token)] });
    expect(identity().filter(([, value]) => value !== '')).toEqual(
      identityOf(token).filter(([, value]) => value !== ''),
    );
  });

  it('a location requires its scope, and the refusal names it', async () => {
    expect((await asked('/reports/1', reader.access_token)).status).toBe(200);
    const { access_token: token } = await server.client.newcomer();
    arrived.length = 0;
    const answer = await asked('/reports/1', token);
    expect(refusalOf(answer)).toEqual(await direct('/auth/verify?scope=reports:read', bearer(token)));
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="reports:read"',
    );
    // The client's query is not part of the question to Latchkey.
    expect((await asked('/reports/1?scope=', token)).status).toBe(403);
    expect((await send('/reports/1')).status).toBe(401);
    expect(arrived).toEqual([]);
  });

  it('a token is refused within a second of a logout through the proxy', async () => {
    const { access_token: token } = await server.client.newcomer();
    expect((await asked('/tasks', token)).status).toBe(200);
    expect((await send('/auth/logout', { method: 'POST', headers: bearer(token) })).status).toBe(204);
    await eventually(SPREAD_MS, async () => (await asked('/tasks', token)).status === 401);
    const refused = refusalOf(await asked('/tasks', token));
    expect(refused).toEqual(await direct('/auth/verify', bearer(token)));
    expect(refused).toMatchObject({
      challenge: 'Bearer error="invalid_token", error_description="Token has been revoked"',
      body: { code: 'token_revoked' },
    });
  });

  it('stale, wrong and malformed tokens get Latchkey’s own answers', async () => {
    const person = await server.client.newcomer();
    const admin = await memberWithScopes(server, 'users:write', 'x:y');
    const role = await newRole(server, 'x:y');
    const json = { roles: ['user', role] };
    await server.client.request('PATCH', `/users/${person.id}`, { token: admin.access_token, json });
    const tokens = [
      person.access_token,
      person.refresh_token,
      `${reader.access_token.slice(0, -6)}AAAAAA`,
      'x',
    ];
    const codes: unknown[] = [];
    for (const token of tokens) {
      const refused = refusalOf(await asked('/tasks', token));
      expect(refused).toEqual(await direct('/auth/verify', bearer(token)));
      codes.push(refused.body['code']);
    }
    expect(codes).toEqual(['token_stale', 'token_wrong_type', 'token_invalid', 'token_invalid']);
    expect(arrived).toEqual([]);
  });

  it('two Authorization headers are refused, whichever is valid', async () => {
    const [good, bad] = [bearer(reader.access_token), bearer('x')];
    for (const headers of [
      [...good, ...bad],
      [...bad, ...good],
      [...good, ...good],
    ]) {
      const answer = await send('/tasks', { headers });
      expect(answer.status).toBe(400);
      // nginx refuses such a request with an answer of its own.
      if (name !== 'nginx') expect(refusalOf(answer)).toEqual(await direct('/auth/verify', headers));
    }
    expect(arrived).toEqual([]);
  });

  it('bodies reach the API complete, with a length or in chunks, and never reach Latchkey', async () => {
    const body = randomBytes(200_000);
    const sent = { method: 'POST', body, headers: bearer(reader.access_token) };
    expect((await send('/tasks', sent)).status).toBe(200);
    const chunks = [
      'POST /reports/1 HTTP/1.1',
      'Host: example',
      `Authorization: Bearer ${reader.access_token}`,
      'Transfer-Encoding: chunked',
      'Connection: close',
      '',
      '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
    ];
    expect(await rawBytes(proxy.url, chunks.join('\r\n'))).toContain('200 OK');
    expect(arrived.map((request) => request.digest)).toEqual([
      digest(body),
      digest(Buffer.from('hello world')),
    ]);
    // Without a token the request is refused before it is forwarded.
    expect((await send('/tasks', { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(401);
    expect(arrived).toHaveLength(2);
  });

  it.each([
    '/auth/../tasks',
    '/auth/%2e%2e/tasks',
    '/auth/..%2ftasks',
    '/auth//../tasks',
    '/oauth/%2E%2E%2Ftasks',
    '/health/../tasks',
    '/health/..%2ftasks',
    '/health/',
    '/health%00',
    '/health;/../tasks',
    '//health',
    '/x/../reports/1',
    '//reports/1',
    '/%72eports/1',
    '/REPORTS/1',
    '/_latchkey',
    '/_latchkey/reports:read',
    'http://example/tasks',
  ])('%s reaches no protected path without a token', async (path) => {
    const { status } = await send(path);
    expect(arrived.filter(({ url }) => url !== '/health' && url !== '//health')).toEqual([]);
    if (arrived.length === 0) expect(status).toBeGreaterThanOrEqual(400);
  });

  it.each(['/x/../reports/1', '//reports/1', '/%72eports/1', '/reports/../reports/1'])(
    '%s requires the scope of /reports/',
    async (path) => {
      const { access_token: token } = await server.client.newcomer();
      expect((await asked(path, token)).status).toBe(403);
    },
  );

  it('an open location is open, with an invalid token too', async () => {
    expect((await send('/health')).status).toBe(200);
    expect((await asked('/health', 'x')).status).toBe(200);
  });

  it('Latchkey sees the client’s address, and not one from the client’s X-Forwarded-For', async () => {
    const { username, password } = await server.client.register();
    const login = await send('/auth/login', {
      method: 'POST',
      from: '127.0.0.2',
      headers: [
        ['Content-Type', 'application/json'],
        ['X-Forwarded-For', '203.0.113.7'],
        ['X-Forwarded-For', '203.0.113.8'],
      ],
      body: JSON.stringify({ username, password }),
    });
    const { access_token: token } = JSON.parse(login.text) as { access_token: string };
    const sessions = await asked('/auth/sessions', token);
    expect(JSON.parse(sessions.text)).toMatchObject([{ ip: '127.0.0.2' }]);
  });

  it('connections to Latchkey are reused', async () => {
    let opened = 0;
    const count = () => (opened += 1);
    server.app.getHttpServer().on('connection', count);
    for (let n = 0; n < 20; n++) await asked('/tasks', reader.access_token);
    server.app.getHttpServer().off('connection', count);
    expect(opened).toBeLessThanOrEqual(2);
  });

  it('an expired token is refused, and its successor is accepted', async () => {
    const person = await server.client.newcomer();
    await server.move(16 * MINUTES_MS);
    const refused = refusalOf(await asked('/tasks', person.access_token));
    expect(refused).toEqual(await direct('/auth/verify', bearer(person.access_token)));
    expect(refused.body['code']).toBe('token_expired');
    const { body } = await server.client.refresh(person.refresh_token);
    expect((await asked('/tasks', body.access_token)).status).toBe(200);
    await server.move(-16 * MINUTES_MS);
  });
});

eachProxy('where the service fails, %s', (name) => {
  /** The answers of a faulty server in place of Latchkey, in order. */
  let answers: Array<readonly [number, Record<string, string>]> = [];
  const questions: string[] = [];
  let worst: Server;
  let proxy: ReverseProxy;

  beforeAll(async () => {
    worst = await listening((request, response) => {
      questions.push(`${request.method} ${request.url}`);
      const [status, headers] = answers.shift() ?? [500, {}];
      response.writeHead(status, headers).end();
    });
    proxy = await ReverseProxy.start(name, { service: portOf(worst), api: portOf(api) });
  });
  afterAll(async () => {
    await proxy?.stop();
    worst.closeAllConnections();
    worst.close();
  });

  const ask = (path = '/tasks') =>
    rawRequest(proxy.url, { method: 'POST', path, headers: [['X-Auth-User', 'root']], body: 'x' });

  it.each([301, 302, 304, 404, 405, 413, 418, 429, 431, 500, 502, 503, 504])(
    'refuses the request on %d',
    async (status) => {
      answers = [[status, {}]];
      expect((await ask()).status).toBeGreaterThanOrEqual(300);
      expect(arrived).toEqual([]);
    },
  );

  it('passes on 503 and Retry-After', async () => {
    answers = [[503, { 'retry-after': '7' }]];
    const { status, headers } = await ask('/reports/1');
    expect([status, headers['retry-after']]).toEqual([503, '7']);
  });

  it('refuses the request even if Latchkey’s second answer differs from the first', async () => {
    for (const second of [403, 500]) {
      answers = [
        [401, { 'www-authenticate': 'Bearer' }],
        [second, { 'x-auth-user': 'root' }],
      ];
      questions.length = 0;
      expect((await ask()).status).toBe(name === 'nginx' ? 503 : 401);
      // users:nobody has the prefix of Latchkey's own scopes and is none of them, so no role can have it.
      const again = name === 'nginx' ? ['GET /auth/verify?scope=users:nobody'] : [];
      expect(questions.slice(1)).toEqual(again);
      expect(questions[0]).toMatch(/^GET \/auth\/verify(?:\?scope=?)?$/);
    }
    expect(arrived).toEqual([]);
  });
});

eachProxy('while Latchkey is down, %s', (name) => {
  it('refuses requests and keeps open locations open', async () => {
    const proxy = await ReverseProxy.start(name, { service: await freePort(), api: portOf(api) });
    const headers = bearer(reader.access_token);
    const answer = await rawRequest(proxy.url, { method: 'GET', path: '/tasks', headers });
    const open = await rawRequest(proxy.url, { method: 'GET', path: '/health' });
    await proxy.stop();
    expect([502, 503]).toContain(answer.status);
    expect(open.status).toBe(200);
    expect(arrived.map(({ url }) => url)).toEqual(['/health']);
    if (name !== 'nginx') return;
    const { title, detail } = ERROR_CODES.unavailable;
    expect(answer.headers['retry-after']).toBe('1');
    expect(refusalOf(answer)).toMatchObject({
      idIsTheHeaders: true,
      cacheControl: 'no-store',
      body: { type: '/docs/errors#unavailable', title, status: 503, detail, code: 'unavailable' },
    });
  });
});

describe('the routers of Traefik', () => {
  it('each have a priority, the lowest for the one that matches every path', async () => {
    const file = load(await readFile('docs/proxies/traefik-dynamic.yml', 'utf8')) as {
      http: { routers: Record<string, { rule: string; priority?: number }> };
    };
    const { api: catchAll, ...others } = file.http.routers;
    expect(catchAll).toMatchObject({ rule: 'PathPrefix(`/`)', priority: 1 });
    expect(Object.keys(others)).toHaveLength(3);
    for (const { priority } of Object.values(others)) expect(priority).toBeGreaterThan(1);
  });
});
