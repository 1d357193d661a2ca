import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer, type TestServer } from '../support/service/server.js';

const LISTED = [
  'https://app.example.org',
  'http://localhost:5173',
  'capacitor://localhost',
  'tauri://localhost',
  'ionic://localhost',
];
const OTHERS = [
  'https://evil.example',
  'https://app.example.org.evil.example',
  'https://sub.app.example.org',
  'http://app.example.org',
  'https://app.example.org:8443',
  'https://APP.example.org',
  'capacitor://localhost:1',
  'capacitor://other',
  'null',
  '*',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

let server: TestServer;
let token: string;

function preflight(
  origin: string,
  path = '/users/me',
  method = 'PATCH',
  asked = 'authorization,content-type',
) {
  return server.client.request('OPTIONS', path, {
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': asked,
    },
  });
}

function listOf(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? '').toLowerCase().split(/\s*,\s*/);
}

describe('with CORS_ORIGINS', () => {
  beforeAll(async () => {
    server = await startServer({ env: { CORS_ORIGINS: LISTED.join(', ') } });
    token = (await server.client.newcomer()).access_token;
  });
  afterAll(() => server.close());

  describe('a preflight', () => {
    it.each(LISTED)('of a listed origin may send Authorization, and needs no token: %s', async (origin) => {
      for (const path of ['/users/me', '/auth/login', '/oauth/token', '/users']) {
        const { status, headers, text } = await preflight(origin, path);
        expect([status, text]).toEqual([204, '']);
        expect(headers.get('access-control-allow-origin')).toBe(origin);
        expect(headers.get('access-control-allow-credentials')).toBe('true');
        const allowed = ['authorization', 'content-type', 'x-request-id'];
        expect(listOf(headers, 'access-control-allow-headers')).toEqual(expect.arrayContaining(allowed));
        expect(listOf(headers, 'access-control-allow-methods')).toEqual(
          METHODS.map((name) => name.toLowerCase()),
        );
        expect(headers.get('vary')?.toLowerCase()).toContain('origin');
      }
    });

    it.each(['traceparent', 'Traceparent, TRACESTATE,baggage', 'x-anything', 'sentry-trace, x-1_2.~!'])(
      'of a listed origin may ask for any header: %s',
      async (asked) => {
        for (const origin of LISTED) {
          const { headers } = await preflight(origin, '/auth/login', 'POST', asked);
          const allowed = listOf(headers, 'access-control-allow-headers');
          expect(allowed).toEqual(expect.arrayContaining(asked.toLowerCase().split(/\s*,\s*/)));
        }
      },
    );

    it('of a listed origin allows no text that is not the name of a header', async () => {
      const { headers } = await preflight(
        LISTED[0] ?? '',
        '/users/me',
        'GET',
        'x y, *, a:b, "q", traceparent',
      );
      const allowed = listOf(headers, 'access-control-allow-headers');
      expect(allowed).toEqual(['authorization', 'content-type', 'x-request-id', '*', 'traceparent']);
    });

    it('of another origin is logged with the origin and the setting', async () => {
      await preflight('https://unlisted.example', '/auth/login', 'POST', 'traceparent');
      await preflight(LISTED[0] ?? '');
      const lines = server.log.filter(({ setting }) => setting === 'CORS_ORIGINS');
      expect(lines.at(-1)).toMatchObject({ level: 'warn', origin: 'https://unlisted.example' });
    });

    it('carries X-Request-Id like every answer', async () => {
      const { headers } = await preflight(LISTED[0] ?? '');
      expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    });

    it.each(OTHERS)('of another origin is not allowed: %s', async (origin) => {
      const { headers } = await preflight(origin);
      expect(headers.has('access-control-allow-origin')).toBe(false);
    });
  });

  describe('an answer', () => {
    it('to a listed origin may be read', async () => {
      const [origin = ''] = LISTED;
      const { status, headers } = await server.client.get('/users/me', { token, headers: { origin } });
      expect(status).toBe(200);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
    });

    it('to a listed origin may be read each time the same token is sent', async () => {
      const [origin = ''] = LISTED;
      for (let time = 0; time < 3; time++) {
        const { headers } = await server.client.get('/auth/verify', { token, headers: { origin } });
        expect(headers.get('access-control-allow-origin')).toBe(origin);
      }
    });

    it('exposes its headers to a listed origin', async () => {
      const [origin = ''] = LISTED;
      const { headers } = await server.client.get('/users/me', { token, headers: { origin } });
      const exposed = [
        'www-authenticate',
        'x-request-id',
        'retry-after',
        'x-total-count',
        'link',
        'location',
      ];
      expect(listOf(headers, 'access-control-expose-headers')).toEqual(expect.arrayContaining(exposed));
    });

    it.each([
      ['GET', '/users/me', 401],
      ['GET', '/users', 401],
      ['POST', '/auth/logout', 401],
      ['GET', '/nothing', 404],
      ['PUT', '/auth/login', 405],
      ['POST', '/auth/login', 400],
      ['POST', '/oauth/token', 400],
    ])('with an error may be read by a listed origin: %s %s', async (method, path, expected) => {
      const [origin = ''] = LISTED;
      const { status, headers } = await server.client.request(method, path, { headers: { origin } });
      expect(status).toBe(expected);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(listOf(headers, 'access-control-expose-headers')).toContain('www-authenticate');
      expect(headers.has('www-authenticate')).toBe(expected === 401);
    });

    it.each(OTHERS)('cannot be read by another origin, success or error: %s', async (origin) => {
      for (const path of ['/users/me', '/auth/verify', '/nothing']) {
        const good = await server.client.get(path, { token, headers: { origin } });
        const bad = await server.client.get(path, { headers: { origin } });
        expect(good.headers.has('access-control-allow-origin')).toBe(false);
        expect(bad.headers.has('access-control-allow-origin')).toBe(false);
      }
    });
  });
});

describe('without CORS_ORIGINS', () => {
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  it('a preflight is logged with its origin and the setting', async () => {
    await preflight('https://app.example.org', '/auth/login');
    const lines = server.log.filter(({ setting }) => setting === 'CORS_ORIGINS');
    expect(lines).toMatchObject([{ level: 'warn', origin: 'https://app.example.org' }]);
  });

  it('no origin is allowed', async () => {
    for (const path of ['/users/me', '/health/live']) {
      const [origin = ''] = LISTED;
      for (const { headers } of [
        await preflight(origin, path),
        await server.client.get(path, { headers: { origin } }),
      ]) {
        expect(headers.has('access-control-allow-origin')).toBe(false);
        expect(headers.has('x-request-id')).toBe(true);
      }
    }
  });
});
