import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/database/database.js';
import { routesOf } from '../support/http/openapi.js';
import { rawRequest, type RawAnswer } from '../support/http/raw-http.js';
import { Visitor } from '../support/http/visitor.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId } from '../support/tokens/tokens.js';

const ISSUER = 'http://localhost:3000';
const FORM: readonly [string, string] = ['Content-Type', 'application/x-www-form-urlencoded'];
const HTML: readonly [string, string] = ['Accept', 'text/html'];

let server: TestServer;
let pages: string[];
let forms: string[];

beforeAll(async () => {
  server = await startServer({ env: { LIMIT_REGISTER: '1000/60' } });
  // A route is a page if it answers HTML, and every other route is one of the API, of the documentation or a file.
  const routes = routesOf(server.app);
  const api = new Set(
    Object.entries((await server.client.get<{ paths: object }>('/docs-json')).body.paths).flatMap(
      ([path, methods]) => Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
  pages = routes.filter((route) => !api.has(route) && !/^GET \/(?:docs|assets)(?:[/-]|$)/.test(route));
  forms = pages.filter((route) => route.startsWith('POST ')).map((route) => route.slice('POST '.length));
});
afterAll(() => server.close());

const pathOf = (route: string) => route.replace('{id}', freshId());

function post(
  path: string,
  headers: ReadonlyArray<readonly [string, string]>,
  body = 'x=1',
): Promise<RawAnswer> {
  return rawRequest(server.url, {
    method: 'POST',
    path: pathOf(path),
    headers: [FORM, HTML, ...headers],
    body,
  });
}

describe('the pages', () => {
  it('are these', () => {
    expect(pages).toEqual([
      'GET /',
      'GET /account',
      'GET /admin/me',
      'GET /login',
      'GET /logout',
      'GET /register',
      'POST /account/password',
      'POST /account/profile',
      'POST /account/sessions/end-others',
      'POST /account/sessions/{id}/end',
      'POST /login',
      'POST /logout',
      'POST /register',
    ]);
  });

  it('have headers of their own', async () => {
    for (const path of ['/', '/login', '/register']) {
      const { headers } = await server.client.get(path, { headers: { accept: 'text/html' } });
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy':
          "default-src 'none';style-src 'self';img-src 'self' data:;base-uri 'none';form-action 'self';" +
          "frame-ancestors 'none';require-trusted-types-for 'script'",
        'referrer-policy': 'same-origin',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
        vary: 'Accept, Accept-Language, Cookie',
      });
    }
  });

  it('load nothing but the style sheet, which browsers keep for ever', async () => {
    const { text } = await new Visitor(server.client).get('/login');
    expect(text).not.toMatch(/<script|\sstyle=|\son\w+=|https?:/);
    const [, path = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec(text) ?? [];
    const { status, headers } = await server.client.get(path);
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      'text/css; charset=utf-8',
      'public, max-age=31536000, immutable',
    ]);
    expect((await server.client.get('/assets/latchkey-0000000000000000.css')).status).toBe(404);
  });
});

describe('a form', () => {
  it.each<[string, ReadonlyArray<readonly [string, string]>]>([
    ['another site', [['Sec-Fetch-Site', 'cross-site']]],
    ['a sibling host', [['Sec-Fetch-Site', 'same-site']]],
    ['no page', [['Sec-Fetch-Site', 'none']]],
    [
      'another site that gives our origin',
      [
        ['Sec-Fetch-Site', 'cross-site'],
        ['Origin', ISSUER],
      ],
    ],
    [
      'two places',
      [
        ['Sec-Fetch-Site', 'same-origin'],
        ['Sec-Fetch-Site', 'cross-site'],
      ],
    ],
    ['another origin', [['Origin', 'http://evil.example']]],
    ['another port', [['Origin', 'http://localhost:3001']]],
    ['another scheme', [['Origin', 'https://localhost:3000']]],
    ['a hidden origin', [['Origin', 'null']]],
    [
      'two origins',
      [
        ['Origin', ISSUER],
        ['Origin', 'http://evil.example'],
      ],
    ],
    ['nowhere', []],
    [
      'a host that names itself',
      [
        ['Origin', 'http://evil.example'],
        ['Host', 'evil.example'],
      ],
    ],
  ])('from %s is refused by every page that takes one, with words', async (_, headers) => {
    for (const path of forms) {
      const { status, text, headers: sent } = await post(path, headers);
      expect([path, status, text.includes('The form was sent from another page')]).toEqual([path, 403, true]);
      expect(sent['set-cookie']).toBeUndefined();
    }
  });

  it.each<[string, ReadonlyArray<readonly [string, string]>]>([
    ['by Sec-Fetch-Site', [['Sec-Fetch-Site', 'same-origin']]],
    ['by Origin where the browser sends nothing else', [['Origin', ISSUER]]],
  ])('from a page of the service is known %s', async (_, headers) => {
    for (const path of forms) expect([path, (await post(path, headers)).status]).not.toEqual([path, 403]);
  });

  it('is urlencoded and nothing else', async () => {
    const own: readonly [string, string] = ['Sec-Fetch-Site', 'same-origin'];
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
      const headers = [['Content-Type', type], HTML, own] as const;
      const answer = await rawRequest(server.url, { method: 'POST', path: '/login', headers, body: '{}' });
      expect([type, answer.status, answer.headers['content-type']]).toEqual([
        type,
        415,
        'text/html; charset=utf-8',
      ]);
    }
  });
});

describe('a fault', () => {
  const own = { 'sec-fetch-site': 'same-origin' };

  it('of a page is a page for browsers, and a problem document for other clients', async () => {
    const html = await server.client.request('PUT', '/login', { headers: { accept: 'text/html' } });
    expect([html.status, html.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    expect(html.text).toContain('This page does not take what was sent to it.');
    expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
    const other = await server.client.request('PUT', '/login');
    expect([other.status, other.body['code']]).toEqual([405, 'method_not_allowed']);
  });

  it('of the API is a problem document for browsers too', async () => {
    const { headers, body } = await server.client.get('/users/me', { headers: { accept: 'text/html' } });
    expect([headers.get('content-type'), body['code']]).toEqual([
      'application/problem+json; charset=utf-8',
      'token_missing',
    ]);
  });

  it('of a form that is too large or no form is said in words', async () => {
    const form = `username=${'x'.repeat(70_000)}`;
    const large = await server.client.post('/login', { form, headers: { ...own, accept: 'text/html' } });
    expect([large.status, large.text.includes('The form is too large.')]).toEqual([413, true]);
    const bytes = await server.client.post('/login', {
      body: 'username=%ff&password=x',
      headers: { ...own, accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([bytes.status, bytes.text.includes('The form could not be read.')]).toEqual([400, true]);
  });

  it('of too many attempts says how long to wait', async () => {
    const database = await createDatabase();
    const limited = await startServer({ database, env: { LIMIT_REGISTER: '1/600' } });
    const send = () =>
      new Visitor(limited.client).send('/register', { email: 'x@example.com', password: 'short' });
    await send();
    const { status, text, headers } = await send();
    await limited.close();
    await database.drop();
    expect([status, Number(headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(text).toMatch(/Too many attempts\. Try again in \d+ minutes\./);
  });
});
