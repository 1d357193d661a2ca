import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { PasswordHasher } from '../support/service/built.js';
import type { Person, Request, TokenPair } from '../support/http/client.js';
import { createDatabase, testServer, type TestDatabase } from '../support/database/database.js';
import { DatabaseProxy } from '../support/database/database-proxy.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { reminted } from '../support/tokens/tokens.js';

/** Slow enough that requests sent together are under way together. */
const SLOW_HASHES = { ARGON2_MEMORY_KIB: '65536', ARGON2_TIME: '4', HASH_CONCURRENCY: '1' };
const UNAVAILABLE = [503, 'unavailable', '5'];

let server: TestServer;
let database: TestDatabase;
let proxy: DatabaseProxy;
let person: Person & TokenPair;

async function outcome(method: string, path: string, request: Request = {}): Promise<unknown[]> {
  const { status, body, headers } = await server.client.request(method, path, request);
  return [status, body['code'] ?? body['error'], headers.get('retry-after')];
}

/** Every request that needs the database, with a token that is good. */
function requests(): Array<[string, string, Request]> {
  const { access_token: token, refresh_token, username, password } = person;
  return [
    ['POST', '/auth/login', { json: { username, password } }],
    ['POST', '/auth/register', { json: { email: 'x@example.com', password } }],
    ['POST', '/auth/refresh', { json: { refresh_token } }],
    ['GET', '/users/me', { token }],
    ['PATCH', '/users/me', { token, json: { full_name: 'Ada' } }],
    ['GET', '/auth/sessions', { token }],
    [
      'PUT',
      '/users/me/password',
      { token, json: { current_password: password, new_password: `${password}!` } },
    ],
    ['POST', '/auth/logout', { token }],
    ['DELETE', '/users/me', { token }],
    ['GET', '/health/ready', {}],
  ];
}

async function expectUnavailable(): Promise<void> {
  for (const [method, path, request] of requests()) {
    expect([path, ...(await outcome(method, path, request))]).toEqual([path, ...UNAVAILABLE]);
  }
  const { username, password } = person;
  const form = await outcome('POST', '/oauth/token', { form: { username, password } });
  expect(form).toEqual([503, 'temporarily_unavailable', '5']);
}

async function onServer(sql: string): Promise<void> {
  const client = new Client(testServer());
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** An account that may do what the owner may, and unlike a superuser can be locked out. */
async function roleOf({ target }: TestDatabase): Promise<{ user: string; password: string }> {
  const role = { user: `r_${target.database}`, password: randomUUID() };
  await onServer(`CREATE ROLE ${role.user} LOGIN PASSWORD '${role.password}' IN ROLE ${target.user}`);
  return role;
}

describe('a queue of hashes that is full', () => {
  afterEach(() => server.close());

  it.each(['0', '1'])(
    'answers overloaded with Retry-After, and serves again when it is not: queue %s',
    async (queue) => {
      server = await startServer({ env: { ...SLOW_HASHES, HASH_QUEUE: queue } });
      const { username, password } = await server.client.register();
      const login = () => outcome('POST', '/auth/login', { json: { username, password } });
      const answers = await Promise.all(Array.from({ length: 8 }, login));
      const served = answers.filter(([status]) => status === 200).length;
      expect(served).toBeGreaterThanOrEqual(1 + Number(queue));
      expect(answers.filter(([status]) => status !== 200)).toEqual(
        Array.from({ length: 8 - served }, () => [503, 'overloaded', '1']),
      );
      expect(served).toBeLessThan(8);
      expect((await login())[0]).toBe(200);
    },
  );

  it('is said by everything that hashes, and never before the request was checked', async () => {
    server = await startServer({ env: { ...SLOW_HASHES, HASH_QUEUE: '0' } });
    const { access_token: token, username, password } = await server.client.newcomer();
    // The one place is taken before anything is sent.
    const hasher = server.app.get(PasswordHasher, { strict: false });
    await hasher.prepare();
    const busy = hasher.hash(password);
    const answers = await Promise.all([
      outcome('POST', '/auth/register', { json: { email: 'x@example.com', password } }),
      outcome('POST', '/oauth/token', { form: { username, password } }),
      outcome('POST', '/auth/login', { json: { username: 'nobody', password } }),
      outcome('PUT', '/users/me/password', {
        token,
        json: { current_password: 'x', new_password: 'yyyyyyyy1' },
      }),
      outcome('POST', '/auth/login', { json: { username } }),
    ]);
    await busy;
    expect(answers).toEqual([
      [503, 'overloaded', '1'],
      [503, 'temporarily_unavailable', '1'],
      [503, 'overloaded', '1'],
      [503, 'overloaded', '1'],
      [422, 'validation_failed', null],
    ]);
  });
});

describe('a database that is away', () => {
  beforeEach(async () => {
    database = await createDatabase();
    const role = await roleOf(database);
    proxy = await DatabaseProxy.before(database);
    server = await startServer({
      database: { ...database, target: { ...proxy.target, ...role } },
      env: {
        DATABASE_CONNECT_TIMEOUT_MS: '500',
        DATABASE_STATEMENT_TIMEOUT_MS: '1000',
        DATABASE_POOL_SIZE: '4',
      },
    });
    person = await server.client.newcomer();
  });
  afterEach(async () => {
    await proxy.restore();
    await server.close();
    await proxy.cut();
    await database.drop();
  });

  it('makes what needs it answer 503 unavailable, and all heals by itself', async () => {
    await proxy.cut();
    await expectUnavailable();
    await proxy.restore();
    await server.move(0);
    expect((await server.client.get('/health/ready')).status).toBe(200);
    expect((await server.client.refresh(person.refresh_token)).status).toBe(200);
    await server.client.login(person);
  });

  it('answers so too when it was lost in the middle of a request', async () => {
    const requestsUnderWay = Array.from({ length: 20 }, () => server.client.me(person.access_token));
    const cut = proxy.cut();
    const statuses = (await Promise.all(requestsUnderWay)).map(({ status }) => status);
    await cut;
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
  });

  it('changes nothing for what does not need it', async () => {
    await proxy.cut();
    const { access_token: token } = person;
    const forged = reminted(token, 'another secret, of more than thirty-two bytes', {});
    expect((await server.client.get('/health/live')).status).toBe(200);
    expect((await server.client.get('/auth/verify', { token })).status).toBe(200);
    expect(await outcome('GET', '/users/me')).toEqual([401, 'token_missing', null]);
    expect(await outcome('GET', '/users/me', { token: forged })).toEqual([401, 'token_invalid', null]);
    expect((await outcome('POST', '/auth/login', { json: {} }))[0]).toBe(422);
    expect(await outcome('GET', '/nothing')).toEqual([404, 'not_found', null]);
  });

  it('leaves the guard silent only when revocations may have been missed for too long', async () => {
    await proxy.cut();
    const verify = () => outcome('GET', '/auth/verify', { token: person.access_token });
    await server.move(11_000);
    expect(await outcome('GET', '/health/ready')).toEqual(UNAVAILABLE);
    expect((await verify())[0]).toBe(200);
    await server.move(290_000);
    expect(await verify()).toEqual(UNAVAILABLE);
    await proxy.restore();
    await server.move(0);
    expect((await verify())[0]).toBe(200);
  });

  it('says nothing of itself, in answers and in the log', async () => {
    await proxy.cut();
    const { username, password } = person;
    const { text } = await server.client.post('/auth/login', { json: { username, password } });
    expect(text).not.toMatch(/ECONN|127\.0\.0\.1|connect|database|postgres/i);
    const lines = server.log.map((line) => JSON.stringify(line)).join('\n');
    expect(lines).toMatch(/"code":"unavailable","err":.*"message":"Connection terminated/);
    for (const secret of [password, database.target.password, server.secret])
      expect(lines).not.toContain(secret);
  });

  it('is unavailable too when it freezes instead of breaking', async () => {
    proxy.stall();
    const login = await outcome('POST', '/auth/login', {
      json: { username: person.username, password: 'x' },
    });
    expect([login, await outcome('GET', '/health/ready')]).toEqual([UNAVAILABLE, UNAVAILABLE]);
  });

  // In turn: locked by its owner, renamed or dropped, the service's password changed, no connection left.
  it.each([
    'ALTER DATABASE $ ALLOW_CONNECTIONS false',
    'ALTER DATABASE $ RENAME TO gone_$',
    'DROP DATABASE $ WITH (FORCE)',
    "ALTER ROLE r_$ PASSWORD 'another'",
    'ALTER ROLE r_$ CONNECTION LIMIT 0',
    'ALTER ROLE r_$ NOLOGIN',
  ])('is unavailable too when it lets no login in: %s', async (statement) => {
    await proxy.cut();
    await onServer(statement.replaceAll('$', database.target.database));
    await proxy.restore();
    await expectUnavailable();
  });
});
