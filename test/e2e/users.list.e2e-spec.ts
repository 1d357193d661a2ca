import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/built.js';
import type { Answer } from '../support/client.js';
import { startServer, type TestServer } from '../support/server.js';

const ADMIN = { email: 'root@example.com', password: 'a password of the tests' };
const USERS = 250;

interface Listed {
  readonly id: string;
  readonly email: string;
}

let server: TestServer;
let admin: string;
let user: string;

beforeAll(async () => {
  server = await startServer();
  await server.app.get(FirstAdministrator).ensure(ADMIN);
  admin = (await server.client.login({ username: ADMIN.email, password: ADMIN.password })).access_token;
  user = (await server.client.newcomer()).access_token;
  // Two there are: the administrator and the one without the scope.
  for (let made = 2; made < USERS; made += 8) {
    const some = Math.min(8, USERS - made);
    await Promise.all(Array.from({ length: some }, () => server.client.register()));
  }
}, 60_000);
afterAll(() => server.close());

function page(query: string, token = admin): Promise<Answer<Listed[]>> {
  return server.client.get<Listed[]>(`/users${query}`, { token });
}

function ids({ status, body }: Answer<Listed[]>): string[] {
  expect(status).toBe(200);
  expect(Array.isArray(body)).toBe(true);
  return body.map(({ id }) => id);
}

describe('an administrator', () => {
  it('pages through all users by offset: disjoint pages in one order, with nobody left out', async () => {
    const pages: string[][] = [];
    for (const offset of [0, 100, 200]) pages.push(ids(await page(`?limit=100&offset=${offset}`)));
    expect(pages.map((list) => list.length)).toEqual([100, 100, 50]);
    const all = pages.flat();
    expect(new Set(all).size).toBe(USERS);
    expect([...all].sort()).toEqual(all);
    const rows = await server.database.query<{ id: string }>('SELECT id FROM users ORDER BY id');
    expect(all).toEqual(rows.map(({ id }) => id));
  });

  it('pages the same by the last id of the page before', async () => {
    const all: string[] = [];
    for (let list = ids(await page('?limit=60')); list.length > 0;) {
      all.push(...list);
      list = ids(await page(`?limit=60&after=${list.at(-1)}`));
    }
    expect(all).toEqual([
      ...ids(await page('')),
      ...ids(await page('?offset=100')),
      ...ids(await page('?offset=200')),
    ]);
  });

  it('gets 100 without a limit, as few as one, and [] past the end', async () => {
    expect(ids(await page(''))).toHaveLength(100);
    expect(ids(await page('?limit=1'))).toHaveLength(1);
    for (const query of ['?offset=250', '?offset=999999', '?after=ffffffff-ffff-ffff-ffff-ffffffffffff']) {
      const answer = await page(query);
      expect([answer.status, answer.text]).toEqual([200, '[]']);
    }
  });

  it('reads how many there are, and where the neighbouring pages are', async () => {
    const { headers } = await page('?limit=100&offset=100');
    expect(headers.get('x-total-count')).toBe(String(USERS));
    expect(headers.get('link')).toBe(
      '</users?limit=100>; rel="first", </users?limit=100&offset=0>; rel="prev", ' +
        '</users?limit=100&offset=200>; rel="next"',
    );
    expect((await page('')).headers.get('link')).toBe(
      '</users?limit=100>; rel="first", </users?limit=100&offset=100>; rel="next"',
    );
    expect((await page('?offset=200')).headers.get('link')).not.toContain('"next"');
  });

  it('reaches everyone by following the links, whatever the kind of paging', async () => {
    for (const start of ['/users?limit=90', `/users?limit=90&after=${ids(await page('?limit=1'))[0]}`]) {
      const seen: string[] = [];
      for (let path: string | undefined = start; path !== undefined;) {
        const answer: Answer<Listed[]> = await server.client.get<Listed[]>(path, { token: admin });
        seen.push(...ids(answer));
        path = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
      }
      expect(seen).toHaveLength(start.includes('after') ? USERS - 1 : USERS);
      expect(new Set(seen).size).toBe(seen.length);
    }
  });

  it('sees no hash and no password', async () => {
    const { text, body } = await page('');
    expect(text).not.toMatch(/hash|password|argon2/i);
    expect(Object.keys(body[0] ?? {})).toEqual([
      'id',
      'email',
      'username',
      'full_name',
      'roles',
      'scopes',
      'status',
      'created_at',
      'updated_at',
    ]);
  });
});

describe('a page that cannot be', () => {
  it.each([
    ['limit=0', 'limit', 'out_of_range'],
    ['limit=101', 'limit', 'out_of_range'],
    ['limit=-1', 'limit', 'out_of_range'],
    ['limit=abc', 'limit', 'invalid_format'],
    ['limit=1.5', 'limit', 'invalid_format'],
    ['limit=1e2', 'limit', 'invalid_format'],
    ['limit=', 'limit', 'invalid_format'],
    ['limit=%2010', 'limit', 'invalid_format'],
    ['limit=99999999999999999999', 'limit', 'invalid_format'],
    ['offset=-1', 'offset', 'out_of_range'],
    ['offset=abc', 'offset', 'invalid_format'],
    ['after=me', 'after', 'invalid_format'],
  ])('is validation_failed: %s', async (query, field, code) => {
    const { status, body } = await server.client.get(`/users?${query}`, { token: admin });
    expect([status, body['code']]).toEqual([422, 'validation_failed']);
    expect(body['errors']).toEqual([expect.objectContaining({ field, code })]);
  });
});

describe('who may not', () => {
  it('is told which scope is missing', async () => {
    const { status, body, headers } = await server.client.get('/users', { token: user });
    expect([status, body['code'], body['detail']]).toEqual([
      403,
      'insufficient_scope',
      'Not enough permissions',
    ]);
    expect(headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="users:read"');
  });

  it('is told before the page is looked at', async () => {
    expect((await server.client.get('/users?limit=0', { token: user })).status).toBe(403);
    expect((await server.client.get('/users?limit=0')).status).toBe(401);
  });

  it('is asked for a token without one', async () => {
    const { status, body, headers } = await server.client.get('/users');
    expect([status, body['code'], headers.get('www-authenticate')]).toEqual([401, 'token_missing', 'Bearer']);
  });
});
