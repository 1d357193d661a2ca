import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/service/built.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';

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
  admin = (await server.client.loginForService({ username: ADMIN.email, password: ADMIN.password }))
    .access_token;
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
  it('pages through all users by offset: disjoint pages in one order, with no user missing', async () => {
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

  it('reads the number of users and the links to the neighbouring pages', async () => {
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

  it('reaches every user by following the links, in both kinds of paging', async () => {
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
      'email_verified',
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

describe('a search by the beginning of the e-mail address', () => {
  const addresses = (answer: Answer<Listed[]>): string[] => answer.body.map(({ email }) => email);
  const found = async (prefix: string, more = '') =>
    addresses(await page(`?email_prefix=${encodeURIComponent(prefix)}${more}`));

  beforeAll(async () => {
    const names = [
      'zed.b@x.example',
      'Zed.A@x.example',
      'zed_c@x.example',
      'zed%d@x.example',
      'zed\u00e9@x.example',
    ];
    for (const email of [...names, 'ze@x.example']) {
      const json = { email, password: 'a ship is safe in harbour' };
      expect((await server.client.post('/auth/register', { json })).status).toBe(201);
    }
  });

  it('finds exactly the matching users, in any case, ordered by address', async () => {
    const all = [
      'zed%d@x.example',
      'Zed.A@x.example',
      'zed.b@x.example',
      'zed_c@x.example',
      'zed\u00e9@x.example',
    ];
    expect(await found('zed')).toEqual(all);
    expect(await found('ZED')).toEqual(all);
    expect(await found('zed.b@x.example')).toEqual(['zed.b@x.example']);
    expect(await found('ze@')).toEqual(['ze@x.example']);
    expect(await found('ed.b')).toEqual([]);
    expect((await page('?email_prefix=zed')).headers.get('x-total-count')).toBe('5');
  });

  it.each([
    ['zed_', ['zed_c@x.example']],
    ['zed%', ['zed%d@x.example']],
    ['z_d', []],
    ['%', []],
    ['\\', []],
    ["zed'", []],
    ['zed\u00e9', ['zed\u00e9@x.example']],
  ])('reads %j literally', async (prefix, expected) => {
    expect(await found(prefix)).toEqual(expected);
  });

  it('pages by the last id, by offset and by its links', async () => {
    const all = await found('zed');
    const first = await page('?email_prefix=zed&limit=2');
    const second = await page(`?email_prefix=zed&limit=2&after=${ids(first).at(-1)}`);
    expect([...addresses(first), ...addresses(second)]).toEqual(all.slice(0, 4));
    expect(await found('zed', '&limit=2&offset=3')).toEqual(all.slice(3));
    expect(second.headers.get('link')).toBe(
      '</users?limit=2&email_prefix=zed>; rel="first", ' +
        `</users?limit=2&email_prefix=zed&after=${ids(second).at(-1)}>; rel="next"`,
    );
    const odd = await page('?email_prefix=zed%25%26%3E&limit=2&offset=1');
    expect(odd.headers.get('link')).toContain('email_prefix=zed%25%26%3E&offset=0>; rel="prev"');
  });

  it('is refused after a user who was deleted meanwhile, instead of ending the list', async () => {
    const person = await server.client.register('zzz');
    expect(await found('z', `&after=${person.id}`)).toEqual([]);
    await server.client.request('DELETE', `/users/${person.id}`, { token: admin });
    const { status, body } = await server.client.get(`/users?email_prefix=z&after=${person.id}`, {
      token: admin,
    });
    expect([status, body['errors']]).toEqual([422, [expect.objectContaining({ field: 'after' })]]);
  });
});

describe('an invalid page', () => {
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
    ['email_prefix=', 'email_prefix', 'too_short'],
    ['email_prefix=%00', 'email_prefix', 'control_character'],
    [`email_prefix=${'a'.repeat(255)}`, 'email_prefix', 'too_long'],
  ])('is validation_failed: %s', async (query, field, code) => {
    const { status, body } = await server.client.get(`/users?${query}`, { token: admin });
    expect([status, body['code']]).toEqual([422, 'validation_failed']);
    expect(body['errors']).toEqual([expect.objectContaining({ field, code })]);
  });
});

describe('a reader without users:read', () => {
  it('is told the missing scope', async () => {
    const { status, body, headers } = await server.client.get('/users', { token: user });
    expect([status, body['code'], body['detail']]).toEqual([
      403,
      'insufficient_scope',
      'This token is for the application latchkey. Ask for a token for this service: log in with "scope": ' +
        '"users:read", or with "resource": "http://localhost:3000"',
    ]);
    expect(headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="users:read"');
  });

  it('is refused before the page is validated', async () => {
    expect((await server.client.get('/users?limit=0', { token: user })).status).toBe(403);
    expect((await server.client.get('/users?limit=0')).status).toBe(401);
  });

  it('is asked for a token if the request has none', async () => {
    const { status, body, headers } = await server.client.get('/users');
    expect([status, body['code'], headers.get('www-authenticate')]).toEqual([401, 'token_missing', 'Bearer']);
  });
});

describe('the number of 100,000 users', () => {
  const total = async (): Promise<number> => Number((await page('?limit=1')).headers.get('x-total-count'));

  beforeAll(async () => {
    await server.database.query(
      `INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at)
       SELECT gen_random_uuid(), n || '@many.example', n || '@many.example', '-', now(), now()
         FROM generate_series(1, 100000) AS n`,
    );
  });

  it('is cached for a minute, and then until the next count has finished', async () => {
    const before = await total();
    await server.client.register();
    expect(await total()).toBe(before);
    await server.move(61_000);
    expect(await total()).toBe(before);
    while ((await total()) === before);
    expect(await total()).toBe(before + 1);
  });

  it('is never more than ten minutes old', async () => {
    const before = await total();
    await server.client.register();
    await server.move(601_000);
    expect(await total()).toBeGreaterThan(before);
  });

  it('is exact for a search with few matches', async () => {
    const person = await server.client.register('one-more');
    const search = async () => (await page('?email_prefix=one-more')).headers.get('x-total-count');
    expect(await search()).toBe('1');
    await server.client.request('DELETE', `/users/${person.id}`, { token: admin });
    expect(await search()).toBe('0');
  });
});
