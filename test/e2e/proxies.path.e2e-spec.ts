import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { memberWithRoles, type Member } from '../support/actors/administrators.js';
import { Client } from '../support/http/client.js';
import { proxyIsMissing, ReverseProxy } from '../support/http/reverse-proxy.js';
import { rawBytes, parsedAnswer } from '../support/http/raw-http.js';
import { startServer, type TestServer } from '../support/service/server.js';
import type { Document } from '../support/http/openapi.js';

const ISSUER = 'https://host.example/id';
const RFC_8414 = '/.well-known/oauth-authorization-server';

const skipped = proxyIsMissing('nginx under a path');
if (skipped) process.stdout.write('skipped: no nginx on this machine\n');

(skipped ? describe.skip : describe)('an issuer with a path, behind nginx under that path', () => {
  let server: TestServer;
  let proxy: ReverseProxy;
  let client: Client;
  let host: Client;
  let admin: Member;

  beforeAll(async () => {
    server = await startServer({ env: { JWT_ISSUER: ISSUER, TRUSTED_PROXIES: '127.0.0.1' } });
    const service = Number(new URL(server.url).port);
    proxy = await ReverseProxy.start('nginx under a path', { service, api: service });
    [client, host] = [new Client(`${proxy.url}/id`), new Client(proxy.url)];
    admin = await memberWithRoles(server, 'admin');
  });
  afterAll(async () => {
    await proxy?.stop();
    await server.close();
  });

  /** The answer at an address that the service gave, which may be relative or name the issuer's host. */
  const at = (address: string, token?: string) => {
    const { pathname, search } = new URL(address, ISSUER);
    return host.get(pathname + search, token === undefined ? {} : { token });
  };

  it('the metadata is at the place of RFC 8414, at the root and under the path, and names addresses that answer', async () => {
    const direct = (await server.client.get(RFC_8414)).body;
    expect((await host.get(`${RFC_8414}/id`)).body).toEqual(direct);
    expect((await host.get(`${RFC_8414}/id`)).status).toBe(200);
    expect((await client.get(RFC_8414)).body).toEqual(direct);
    expect(direct['issuer']).toBe(ISSUER);
    expect((await server.client.get(`${RFC_8414}/other`)).status).toBe(404);
    expect((await server.client.get(`${RFC_8414}/id/x`)).status).toBe(404);
    for (const [name, address] of Object.entries(direct)) {
      if (typeof address !== 'string' || name === 'issuer') continue;
      expect(address.startsWith(`${ISSUER}/`)).toBe(true);
      // A POST endpoint answers a GET with 405.
      expect([name, (await at(address)).status]).toEqual([name, name.endsWith('_endpoint') ? 405 : 200]);
    }
  });

  it('Location, Link and the type of a problem lead to what they name', async () => {
    const json = { email: 'path@example.com', password: 'a long enough phrase' };
    const { headers, body } = await client.post('/auth/register', { json });
    expect(headers.get('location')).toBe(`/id/users/${String(body['id'])}`);
    expect((await at(headers.get('location') ?? '', admin.access_token)).status).toBe(200);
    const list = await client.get('/users?limit=1', { token: admin.access_token });
    const links = [...(list.headers.get('link') ?? '').matchAll(/<([^>]+)>/g)].map(([, link = '']) => link);
    expect(links).toEqual(['/id/users?limit=1', '/id/users?limit=1&offset=1']);
    for (const link of links) expect((await at(link, admin.access_token)).status).toBe(200);
    for (const path of ['/users/me', '/nothing', '/users/%zz']) {
      // nginx itself refuses a path that cannot be decoded.
      const problem = await (path.includes('%') ? server.client : client).get(path);
      expect(problem.body['type']).toBe(`/id/docs/errors#${String(problem.body['code'])}`);
      expect((await at(String(problem.body['type']))).status).toBe(200);
    }
    const malformed = parsedAnswer(await rawBytes(server.url, 'MAKE / HTTP/1.1\r\nHost: x\r\n\r\n'));
    expect(malformed.text).toContain('"/id/docs/errors#invalid_request"');
  });

  it('the document names the server, the token address and the errors under the path', async () => {
    const { body, text } = await client.get<Document & { servers: unknown }>('/docs-json');
    expect(body.servers).toEqual([{ url: '/id' }]);
    const urls = [...text.matchAll(/"(?:tokenUrl|refreshUrl)":"([^"]+)"/g)].map(([, url]) => url);
    expect(urls).toEqual(['/id/oauth/token', '/id/oauth/token']);
    expect(text).not.toMatch(/\(\/docs\/errors|"\/docs\/errors/);
    const form = { username: admin.username, password: admin.password };
    expect((await host.post('/id/oauth/token', { form })).status).toBe(200);
  });

  it.each(['/docs', '/docs/', '/docs/errors'])('the page %s finds its files and links', async (path) => {
    const { status, text } = await client.get(path);
    expect(status).toBe(200);
    const addresses = [...text.matchAll(/(?:src|href)=["']([^"'#][^"']*)["']/g)].map(
      ([, found = '']) => found,
    );
    expect(addresses.length).toBeGreaterThan(1);
    for (const address of addresses) {
      if (address.startsWith('http://www.w3.org/')) continue;
      const { pathname } = new URL(address, `${ISSUER}${path}`);
      expect([pathname, (await host.get(pathname)).status]).toEqual([pathname, 200]);
    }
  });
});

describe('an issuer without a path', () => {
  it('has no metadata below the place of RFC 8414, and no prefix', async () => {
    const server = await startServer();
    expect((await server.client.get(`${RFC_8414}/id`)).status).toBe(404);
    expect((await server.client.get('/nothing')).body['type']).toBe('/docs/errors#not_found');
    await server.close();
  });
});
