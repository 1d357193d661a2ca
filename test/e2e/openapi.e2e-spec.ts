import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { ERROR_CODES, type ErrorCode } from '../../src/platform/kernel/error-codes.js';
import type { Person, TokenPair } from '../support/http/client.js';
import { Deployment } from '../support/service/deployment.js';
import {
  exampleBody,
  operationsOf,
  resolve,
  isApiRoute,
  routesOf,
  type Document,
  type Located,
} from '../support/http/openapi.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId } from '../support/tokens/tokens.js';

/** Generated clients and links use these names, so names may be added but never changed. */
const OPERATION_IDS = {
  'POST /auth/register': 'authRegister',
  'POST /auth/login': 'authLogin',
  'POST /auth/refresh': 'authRefresh',
  'POST /auth/logout': 'authLogout',
  'POST /auth/logout-all': 'authLogoutAll',
  'GET /auth/verify': 'authVerify',
  'GET /auth/sessions': 'sessionsList',
  'DELETE /auth/sessions/{id}': 'sessionsEnd',
  'GET /users/me': 'usersMe',
  'PATCH /users/me': 'accountChange',
  'DELETE /users/me': 'accountDelete',
  'PUT /users/me/password': 'accountChangePassword',
  'POST /oauth/token': 'token',
  'POST /oauth/introspect': 'tokensIntrospect',
  'POST /oauth/revoke': 'tokensRevoke',
  'GET /users': 'usersAdminList',
  'GET /users/{id}': 'usersAdminGet',
  'GET /clients': 'clientsList',
  'POST /clients': 'clientsCreate',
  'POST /clients/{id}/secret': 'clientsRotateSecret',
  'DELETE /clients/{id}': 'clientsDelete',
  'GET /.well-known/jwks.json': 'jwksKeys',
  'GET /.well-known/oauth-authorization-server': 'metadata',
  'GET /health/live': 'healthLive',
  'GET /health/ready': 'healthReady',
};

let server: TestServer;
let document: Document;
let operations: Located[];

beforeAll(async () => {
  server = await startServer();
  document = (await server.client.get<Document>('/docs-json')).body;
  operations = operationsOf(document);
});
afterAll(() => server.close());

function send(
  { method, path, operation }: Located,
  options: { token?: string; body?: unknown; type?: string },
) {
  const example = exampleBody(document, operation);
  const { token, body = example?.value, type = example?.type } = options;
  const sent = type === 'application/json' && typeof body !== 'string' ? JSON.stringify(body) : body;
  return server.client.request(method, path.replaceAll(/\{\w+\}/g, freshId()), {
    ...(token !== undefined && { token }),
    ...(example && {
      headers: { 'content-type': type ?? '' },
      body: typeof sent === 'string' ? sent : new URLSearchParams(sent as Record<string, string>).toString(),
    }),
  });
}

function at(name: string): Located {
  const found = operations.find((operation) => operation.name === name);
  if (!found) throw new Error(`the document has no ${name}`);
  return found;
}

async function administrator(): Promise<Person & TokenPair> {
  const person = await server.client.register();
  await server.database.query(`INSERT INTO user_roles (user_id, role) VALUES ($1, 'admin')`, [person.id]);
  return { ...person, ...(await server.client.login(person)) };
}

describe('the OpenAPI document', () => {
  it('declares security on every route that requires a token, and on no other', async () => {
    const asking: string[] = [];
    for (const operation of operations) {
      const { status, body, headers } = await send(operation, {});
      if (body['code'] !== 'token_missing') continue;
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      asking.push(operation.name);
    }
    const declared = operations.filter(({ operation }) => operation.security?.some((one) => 'bearer' in one));
    expect(asking).toContain('GET /users/me');
    expect(asking).not.toContain('POST /auth/login');
    expect(declared.map(({ name }) => name)).toEqual(asking);
    for (const { operation } of declared) {
      expect(operation.security).toEqual([{ password: expect.any(Array) }, { bearer: [] }]);
    }
  });

  it('declares client authentication on the routes that accept it', () => {
    const declared = operations.filter(({ operation }) => operation.security?.some((one) => 'client' in one));
    expect(declared.map(({ name, operation }) => [name, operation.security])).toEqual([
      ['POST /oauth/token', [{ client: [] }, {}]],
      ['POST /oauth/introspect', [{ client: [] }]],
      ['POST /oauth/revoke', [{ client: [] }, {}]],
    ]);
  });

  it('contains every route of the application, and no other', () => {
    const routes = routesOf(server.app).filter(isApiRoute);
    expect(routes).toContain('POST /auth/register');
    expect(operations.map(({ name }) => name).sort()).toEqual(routes);
  });

  it('lists every status of each operation', async () => {
    const undocumented = new Set<string>();
    for (const operation of operations) {
      const admin = await administrator();
      const person = await server.client.newcomer();
      const answers = [
        await send(operation, { token: 'not.a.token' }),
        await send(operation, { token: person.access_token, body: '{' }),
        await send(operation, { token: person.access_token, body: { unknown: 'x' } }),
        await send(operation, { token: person.access_token, body: 'x', type: 'text/plain' }),
        await send(operation, { token: person.access_token, body: 'x'.repeat(70_000) }),
        await send(
          { ...operation, path: `${operation.path}?limit=0&scope=%22` },
          { token: admin.access_token },
        ),
        await send(operation, { token: person.access_token }),
        await send(operation, { token: admin.access_token }),
      ];
      for (const { status } of answers) {
        if (!(status in operation.operation.responses)) undocumented.add(`${operation.name}: ${status}`);
      }
    }
    expect([...undocumented]).toEqual([]);
  }, 60_000);

  it('has an example for every listed error, whose type links to its entry on the errors page', async () => {
    const page = (await server.client.get('/docs/errors')).text;
    for (const { name, path, operation } of operations) {
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        const oauth = path.startsWith('/oauth/');
        const { schema, examples } = content[oauth ? 'application/json' : 'application/problem+json'] ?? {};
        expect([name, schema]).toEqual([
          name,
          { $ref: `#/components/schemas/${oauth ? 'OAuthError' : 'Problem'}` },
        ]);
        expect(Object.keys(examples ?? {})).not.toEqual([]);
        for (const [code, { value }] of Object.entries(examples ?? {})) {
          const error = ERROR_CODES[code as ErrorCode].oauth?.error ?? 'invalid_request';
          const type = `/docs/errors#${code}`;
          expect(value).toMatchObject(oauth ? { error } : { code, type, status: Number(status) });
          expect(page).toContain(`<tr id="${code}">`);
        }
      }
    }
  });

  it('has request examples that work unchanged, from registration to the OAuth 2.0 token', async () => {
    // Earlier tests have sent the example too.
    await server.database.query('DELETE FROM users');
    expect((await send(at('POST /auth/register'), {})).status).toBe(201);
    const login = await send(at('POST /auth/login'), {});
    expect(login.status).toBe(200);
    const refreshed = await send(at('POST /auth/refresh'), {
      body: {
        ...exampleBody(document, at('POST /auth/refresh').operation)?.value,
        refresh_token: login.body['refresh_token'],
      },
    });
    expect(refreshed.status).toBe(200);
    const oauth = await send(at('POST /oauth/token'), {});
    expect(oauth.status).toBe(200);
    const token = String(oauth.body['access_token']);
    const changed = await send(at('PATCH /users/me'), { token });
    expect([changed.status, changed.body['full_name']]).toEqual([200, 'Augusta Ada King']);
    expect((await send(at('PUT /users/me/password'), { token })).status).toBe(204);
  });

  it('has type, limits and default of the parameters', () => {
    const page = [
      ['limit', 'query', { type: 'integer', minimum: 1, maximum: 100, default: 100 }],
      ['offset', 'query', { type: 'integer', minimum: 0, default: 0 }],
      ['after', 'query', { type: 'string', format: 'uuid' }],
    ];
    const parameters = (name: string) =>
      at(name).operation.parameters.map((parameter) => [parameter.name, parameter.in, parameter.schema]);
    const prefix = ['email_prefix', 'query', { type: 'string', minLength: 1, maxLength: 254 }];
    expect(parameters('GET /users')).toEqual([...page, prefix]);
    expect(parameters('GET /auth/sessions')).toEqual(page);
    expect(parameters('GET /auth/verify')).toEqual([
      ['scope', 'query', { type: 'string', maxLength: 1000 }],
      ['audience', 'query', { type: 'string', minLength: 1, maxLength: 255 }],
    ]);
    expect(parameters('GET /users/{id}')).toEqual([['id', 'path', { type: 'string', format: 'uuid' }]]);
  });

  it('lists the paging headers of every list', () => {
    const lists = operations.filter(({ operation }) =>
      operation.parameters.some(({ name }) => name === 'limit'),
    );
    expect(lists.length).toBeGreaterThan(1);
    for (const { operation } of lists) {
      const headers = Object.keys(operation.responses['200']?.headers ?? {});
      // Counting a large log costs more than its page, so only lists with an offset have a total.
      const counted = operation.parameters.some(({ name }) => name === 'offset');
      expect(headers).toEqual(expect.arrayContaining(counted ? ['X-Total-Count', 'Link'] : ['Link']));
    }
  });

  it('has no body for status 204', () => {
    const empty = operations.flatMap(({ operation }) => operation.responses['204'] ?? []);
    expect(empty.length).toBeGreaterThan(0);
    for (const response of empty) expect(response).not.toHaveProperty('content');
  });

  it('keeps its operation ids, and each is unique', () => {
    const ids = Object.fromEntries(operations.map(({ name, operation }) => [name, operation.operationId]));
    expect(ids).toMatchObject(OPERATION_IDS);
    expect(new Set(Object.values(ids)).size).toBe(operations.length);
  });

  it('is the same in the packed service, which users run', async () => {
    const deployment = await Deployment.open();
    const packed = await deployment.start();
    const { body } = await packed.client.get<Document>('/docs-json');
    await deployment.close();
    expect(body).toEqual(document);
  });

  it('puts every operation under one tag, and every tag has a description', () => {
    const described = document.tags.filter(({ description }) => description).map(({ name }) => name);
    expect(described[0]).toBe('auth');
    for (const { name, operation } of operations) {
      expect([name, operation.tags]).toEqual([name, [expect.anything()]]);
      expect(described).toContain(operation.tags[0]);
    }
  });

  it('refers only to schemas that it has', () => {
    const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
    expect(references).toContain('#/components/schemas/User');
    for (const $ref of new Set(references)) expect(resolve(document, { $ref })).toHaveProperty('type');
  });

  it('has a bearer scheme, Basic for clients, and a password flow whose token URL works behind any host name', async () => {
    expect(document.components.securitySchemes).toEqual({
      bearer: expect.objectContaining({ type: 'http', scheme: 'bearer' }),
      password: expect.objectContaining({
        type: 'oauth2',
        flows: { password: expect.objectContaining({ tokenUrl: '/oauth/token' }) },
      }),
      client: expect.objectContaining({ type: 'http', scheme: 'basic' }),
    });
    const { username, password } = await server.client.register();
    const answer = await server.client.post('/oauth/token', { form: { username, password } });
    expect(answer.status).toBe(200);
  });
});

describe('the documentation', () => {
  it.each(['/docs', '/docs/', '/docs/errors'])(
    'is served at %s without inline script and from this host alone',
    async (path) => {
      const { status, headers, text } = await server.client.get(path);
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/(?:^|;)script-src 'self'(?:;|$)/);
      expect(policy).toMatch(/(?:^|;)default-src 'self'(?:;|$)/);
      expect(text).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>/);
      expect(text).not.toMatch(/\son\w+=/);
      for (const [, address = ''] of text.matchAll(/(?:src|href)=["']([^"']+)["']/g)) {
        if (address.startsWith('http://www.w3.org/') || address.startsWith('#')) continue;
        const { host, pathname } = new URL(address, server.url + path);
        expect(host).toBe(new URL(server.url).host);
        expect([pathname, (await server.client.get(pathname)).status]).toEqual([pathname, 200]);
      }
    },
  );

  it('is JSON at /docs-json and YAML at /docs-yaml', async () => {
    const json = await server.client.get('/docs-json');
    expect(json.headers.get('content-type')).toMatch(/^application\/json/);
    expect(document.openapi).toBe('3.0.0');
    const yaml = await server.client.get('/docs-yaml');
    expect(yaml.headers.get('content-type')).toMatch(/^text\/yaml/);
    for (const path of ['openapi: 3.0.0', ...Object.keys(document.paths)]) {
      expect(yaml.text).toContain(path);
    }
  });

  it('reveals no version of the server or of a library', async () => {
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as {
      version: string;
      dependencies: Record<string, string>;
    };
    const versions = [manifest.version, ...Object.values(manifest.dependencies)];
    expect(versions).not.toContain(document.info.version);
    for (const path of ['/docs', '/docs-json', '/docs-yaml', '/docs/errors', '/docs/swagger-ui-init.js']) {
      const { headers, text } = await server.client.get(path);
      expect([path, headers.get('server'), headers.get('x-powered-by')]).toEqual([path, null, null]);
      for (const version of versions) expect(text).not.toContain(version);
    }
  });

  it.each([
    'package.json',
    'README.md',
    'LICENSE',
    'index.html',
    'swagger-ui-bundle.js.map',
    '%70ackage.json',
  ])('serves nothing of the page’s package that the page does not need: %s', async (name) => {
    const { status, body } = await server.client.get(`/docs/${name}`);
    expect([status, body['code']]).toEqual([404, 'not_found']);
  });

  it('shows text that looks like a tag as text', async () => {
    expect(ERROR_CODES.authorization_malformed.detail).toContain('<token>');
    const { text } = await server.client.get('/docs/errors');
    expect(text).toContain('Bearer &lt;token&gt;');
    expect(text).not.toContain('<token>');
  });
});
