import { afterEach, describe, expect, it } from '@jest/globals';
import type { Answer } from '../support/http/client.js';
import { startServer, waitOut, type TestServer } from '../support/service/server.js';

let server: TestServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(env: Record<string, string>): Promise<TestServer> {
  server = await startServer({ env });
  return server;
}

function register(on: TestServer, headers: Record<string, string> = {}): Promise<Answer> {
  const json = {
    email: `p${Math.random().toString(36).slice(2)}@example.com`,
    password: 'a long enough phrase',
  };
  return on.client.post('/auth/register', { headers, json });
}

async function statuses(times: number, request: () => Promise<Answer>): Promise<number[]> {
  const all = [];
  for (let index = 0; index < times; index++) all.push((await request()).status);
  return all;
}

describe('registering', () => {
  it('is refused with 429 beyond its limit, and RateLimit headers state what is left', async () => {
    const on = await start({ LIMIT_REGISTER: '2/3600' });
    const first = await register(on);
    expect(first.status).toBe(201);
    expect(first.headers.get('ratelimit-policy')).toBe('"register";q=2;w=3600');
    expect(first.headers.get('ratelimit')).toMatch(/^"register";r=1;t=3(600|59\d)$/);
    await register(on);
    const refused = await register(on);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(refused.headers.get('ratelimit')).toMatch(/^"register";r=0;t=3(600|59\d)$/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500);
    await waitOut(on, 3_601_000);
    expect((await register(on)).status).toBe(201);
  });

  it('is counted in the database, which all instances share and which survives a restart', async () => {
    const on = await start({ LIMIT_REGISTER: '2/3600' });
    await register(on);
    const [row] = await on.database.query<{ points: number }>(
      `SELECT points FROM rate_limits WHERE key = 'register:127.0.0.1'`,
    );
    expect(row?.points).toBe(1);
  });

  it('does not exceed its limit in parallel', async () => {
    const on = await start({ LIMIT_REGISTER: '5/3600' });
    const answers = await Promise.all(Array.from({ length: 30 }, () => register(on)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(25);
  });
});

describe('refreshing, the token endpoint and changing the password', () => {
  it('have limits of their own', async () => {
    const on = await start({ LIMIT_REFRESH: '2/60', LIMIT_TOKEN: '3/60', LIMIT_PASSWORD: '1/60' });
    const { access_token: token } = await on.client.newcomer();
    const refresh = () => on.client.post('/auth/refresh', { json: { refresh_token: 'x' } });
    expect(await statuses(3, refresh)).toEqual([401, 401, 429]);
    const form = { grant_type: 'refresh_token', refresh_token: 'x' };
    expect(await statuses(4, () => on.client.post('/oauth/token', { form }))).toEqual([400, 400, 400, 429]);
    const json = { current_password: 'wrong', new_password: 'another long phrase' };
    const change = () => on.client.request('PUT', '/users/me/password', { token, json });
    expect(await statuses(2, change)).toEqual([401, 429]);
  });
});

describe('changes of an account by its owner', () => {
  it('are refused beyond their limit, and only real changes of that account count', async () => {
    const on = await start({ LIMIT_ACCOUNT_WRITES: '3/3600' });
    const [person, other] = [await on.client.newcomer(), await on.client.newcomer()];
    const change = (token: string, fullName: string) =>
      on.client.request('PATCH', '/users/me', { token, json: { full_name: fullName } });
    const token = person.access_token;
    expect((await change(token, 'one')).status).toBe(200);
    expect(await statuses(5, () => change(token, 'one'))).toEqual(Array(5).fill(200));
    const passwords = { current_password: person.password, new_password: 'another long phrase' };
    const wrong = { ...passwords, current_password: 'wrong' };
    expect((await on.client.request('PUT', '/users/me/password', { token, json: wrong })).status).toBe(401);
    expect((await on.client.request('PUT', '/users/me/password', { token, json: passwords })).status).toBe(
      204,
    );
    expect((await change(token, 'two')).status).toBe(200);
    const refused = await change(token, 'three');
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500);
    expect((await on.client.me(token)).body['full_name']).toBe('two');
    expect((await change(other.access_token, 'three')).status).toBe(200);
  });

  it('do not exceed their limit in parallel', async () => {
    const on = await start({ LIMIT_ACCOUNT_WRITES: '3/3600' });
    const { id, access_token: token } = await on.client.newcomer();
    const names = Array.from({ length: 12 }, (_, index) => `name ${index}`);
    await Promise.all(
      names.map((name) => on.client.request('PATCH', '/users/me', { token, json: { full_name: name } })),
    );
    const sql = `SELECT count(*)::int AS events FROM audit_events WHERE subject = $1 AND action = 'user.updated'`;
    expect(await on.database.query(sql, [id])).toEqual([{ events: 3 }]);
  });
});

describe('wrong passwords from one address', () => {
  it('are refused beyond their limit across accounts, while right ones do not count', async () => {
    const on = await start({ LIMIT_FAILURES_PER_ADDRESS: '3/900' });
    const person = await on.client.register();
    const login = (username: string, password: string) =>
      on.client.post('/auth/login', { json: { username, password } });
    expect(await statuses(6, () => login(person.username, person.password))).toEqual(Array(6).fill(200));
    for (const name of ['one', 'two', 'three']) expect((await login(name, 'wrong')).status).toBe(401);
    expect((await login('four', 'wrong')).status).toBe(429);
    expect((await login(person.username, person.password)).status).toBe(429);
  });
});

describe('the address of a client', () => {
  const forwarded = (address: string) => ({ 'x-forwarded-for': address });

  it('is not read from X-Forwarded-For without TRUSTED_PROXIES', async () => {
    const on = await start({ LIMIT_REGISTER: '2/3600' });
    const all = [];
    for (const address of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      all.push((await register(on, forwarded(address))).status);
    }
    expect(all).toEqual([201, 201, 429]);
  });

  it('is the rightmost address that is no trusted proxy, so that a client cannot forge it', async () => {
    const on = await start({ LIMIT_REGISTER: '2/3600', TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
    const all = [];
    for (const made of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) {
      all.push((await register(on, forwarded(`${made}, 198.51.100.1, 10.0.0.9`))).status);
    }
    expect(all).toEqual([201, 201, 429]);
    expect((await register(on, forwarded('198.51.100.2'))).status).toBe(201);
  });

  it('counts by /64 for IPv6', async () => {
    const on = await start({ LIMIT_REGISTER: '2/3600', TRUSTED_PROXIES: '127.0.0.1' });
    const all = [];
    for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8::ffff:1', '2001:db8:0:1::1']) {
      all.push((await register(on, forwarded(address))).status);
    }
    expect(all).toEqual([201, 201, 429, 201]);
  });

  it.each([
    ['198.51.100.7:5555', '198.51.100.7'],
    ['[2001:db8::7]:80', '2001:db8::7'],
    ['"[2001:db8::7]"', '2001:db8::7'],
    ['203.0.113.1, "198.51.100.7:80", 10.0.0.9:4711', '198.51.100.7'],
  ])('is read from a node with a port, in brackets or quotes: %s', async (header, ip) => {
    const on = await start({ LIMIT_REGISTER: '1/3600', TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
    const { body: person } = await register(on, forwarded(ip));
    expect((await register(on, forwarded(header))).status).toBe(429);
    const { body } = await on.client.post<{ access_token: string }>('/auth/login', {
      headers: forwarded(header),
      json: { username: person['email'], password: 'a long enough phrase' },
    });
    const { body: sessions } = await on.client.get<object[]>('/auth/sessions', { token: body.access_token });
    expect(sessions).toMatchObject([{ ip }]);
  });

  it.each(['unknown', '_x', '<script>', '198.51.100.7:x'])(
    'that cannot be read shares one counter with all such addresses, and is warned of: %s',
    async (node) => {
      const on = await start({ LIMIT_REGISTER: '1/3600', TRUSTED_PROXIES: '127.0.0.1' });
      expect((await register(on, forwarded(node))).status).toBe(201);
      expect((await register(on, forwarded('_other'))).status).toBe(429);
      expect((await register(on, forwarded('198.51.100.1'))).status).toBe(201);
      expect(on.log.filter(({ forwarded_for: shown }) => shown === node)).toHaveLength(1);
    },
  );

  it('is unknown where a trusted proxy names none, and then no counter is shared', async () => {
    const on = await start({ LIMIT_REGISTER: '1/3600', TRUSTED_PROXIES: '127.0.0.1' });
    expect(await statuses(3, () => register(on))).toEqual([201, 201, 201]);
    const person = await on.client.register();
    const login = () =>
      on.client.post('/auth/login', { json: { username: person.username, password: 'wrong' } });
    // The limit by account holds all the same.
    expect(await statuses(6, login)).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('is null in the list of sessions where a proxy sends text that is no address', async () => {
    const on = await start({ TRUSTED_PROXIES: '127.0.0.1' });
    const person = await on.client.register();
    const { body } = await on.client.post<{ access_token: string }>('/auth/login', {
      headers: forwarded('<script>'),
      json: { username: person.username, password: person.password },
    });
    const { body: sessions } = await on.client.get<Array<{ ip: string | null }>>('/auth/sessions', {
      token: body.access_token,
    });
    expect(sessions.map(({ ip }) => ip)).toEqual([null]);
  });
});
