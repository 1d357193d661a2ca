import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DataSource, FirstAdministrator, Housekeeping } from '../support/service/built.js';
import type { Answer } from '../support/http/client.js';
import { createDatabase, urlOf } from '../support/database/database.js';
import { newFolder, runProcess, type Folder } from '../support/service/process.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';

const EX_CONFIG = 78;
const PASSWORD = 'a ship is safe in harbour';

function register(server: TestServer, name: string): Promise<Answer> {
  const json = { email: `${name}@example.com`, username: name, password: PASSWORD };
  return server.client.post('/auth/register', { json });
}

async function people(server: TestServer): Promise<unknown> {
  return server.database.query('SELECT count(*)::int AS people FROM users');
}

describe('registration', () => {
  it('is refused with 403 and changes nothing while REGISTRATION is closed', async () => {
    const server = await startServer({ env: { REGISTRATION: 'closed' } });
    const { status, body } = await register(server, 'grace');
    expect([status, body['code']]).toEqual([403, 'registration_closed']);
    expect(await people(server)).toEqual([{ people: 0 }]);
    await server.close();
  });

  it('is refused in production until there is an administrator, on every instance', async () => {
    const env = { NODE_ENV: 'production', REGISTRATION: 'open', SECRET_KEY: newSecret() };
    const server = await startServer({ env });
    const other = await startServer({ env, database: server.database });
    for (const each of [server, other, server]) {
      const { status, body } = await register(each, 'admin');
      expect([status, body['code']]).toEqual([403, 'registration_closed']);
    }
    expect(await people(server)).toEqual([{ people: 0 }]);
    await other.app.get(FirstAdministrator).ensure({ email: 'root@example.com', password: PASSWORD });
    expect((await register(server, 'grace')).status).toBe(201);
    expect((await register(other, 'ada')).status).toBe(201);
    await other.close();
    await server.close();
  });
});

describe('a start whose first administrator would get the name of another account', () => {
  let server: TestServer;
  let folder: Folder;

  beforeAll(async () => {
    server = await startServer();
    folder = await newFolder();
    await register(server, 'admin');
  });
  afterAll(async () => {
    await server.close();
    await folder.remove();
  });

  it.each([
    ['e-mail address', { BOOTSTRAP_ADMIN_EMAIL: 'Admin@Example.com', BOOTSTRAP_ADMIN_PASSWORD: PASSWORD }],
    ['user name', {}],
  ])('exits with status 78 and says which: the %s', async (name, settings) => {
    const { code, stderr } = await runProcess({
      folder: folder.path,
      env: { SECRET_KEY: server.secret, DATABASE_URL: urlOf(server.database.target), ...settings },
    });
    expect(code).toBe(EX_CONFIG);
    expect(stderr).toContain(name === 'user name' ? 'user name "admin"' : 'BOOTSTRAP_ADMIN_EMAIL');
    expect(stderr).toContain('latchkey users delete');
    expect(stderr).not.toMatch(/the database|example\.com/i);
  });
});

describe('a registration with several faults', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ env: { JWT_ISSUER: 'https://id.acme-shop.example' } });
  });
  afterAll(() => server.close());

  const faults = async (json: object) => {
    const { status, body } = await server.client.post('/auth/register', { json });
    expect(status).toBe(422);
    return body['errors'];
  };

  it('names all of them, each with what is allowed', async () => {
    const errors = await faults({ email: 'nowhere', password: 'short', username: 'a', full_name: '' });
    expect(
      (errors as Array<{ field: string }>).toSorted((one, other) => (one.field < other.field ? -1 : 1)),
    ).toEqual([
      { field: 'email', code: 'invalid_format', message: expect.stringContaining('such as ada@example.com') },
      { field: 'full_name', code: 'too_short', message: expect.stringContaining('at least 1 character') },
      { field: 'password', code: 'too_short', message: expect.stringContaining('at least 8 characters') },
      { field: 'username', code: 'too_short', message: expect.stringContaining('at least 3 characters') },
    ]);
  });

  it.each([
    ['too_common', 'Password1!'],
    ['contains_identity', 'nowhere.else'],
    ['contains_identity', 'Latchkey1'],
  ])('names %s beside a faulty address', async (code, password) => {
    const username = 'nowhere.else';
    expect(await faults({ email: 'nowhere', username, password })).toMatchObject([
      { field: 'email', code: 'invalid_format' },
      { field: 'password', code },
    ]);
  });

  it('names a missing password and an unknown field together', async () => {
    expect(await faults({ email: 'ada@example.com', roles: ['admin'] })).toMatchObject([
      { field: 'password', code: 'required' },
      { field: 'roles', code: 'unknown_field' },
    ]);
  });

  it('refuses a password made of the host of the issuer', async () => {
    const password = 'Acme-Shop2026';
    expect(await faults({ email: 'ada@example.com', password })).toMatchObject([
      { field: 'password', code: 'contains_identity' },
    ]);
  });
});

describe('a name that is written in several ways', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  const send = (json: object): Promise<Answer> => server.client.post('/auth/register', { json });
  const withEmail = (email: string) => send({ email, password: PASSWORD });
  const withUsername = (username: string) =>
    send({ email: `u${randomUUID()}@example.com`, username, password: PASSWORD });
  const code = ({ status, body }: Answer): unknown => body['code'] ?? status;

  it('is one account for the spellings of a domain, which all log in', async () => {
    expect(code(await withEmail('ada@bücher.example'))).toBe(201);
    for (const email of ['ada@xn--bcher-kva.example', 'ADA@BÜCHER.example', ' ada@bu\u0308cher.example\t'])
      expect(code(await withEmail(email))).toBe('email_taken');
    for (const username of ['ada@xn--bcher-kva.example', ' Ada@Bücher.Example \n']) {
      const login = { username, password: PASSWORD };
      expect((await server.client.post('/auth/login', { json: login })).status).toBe(200);
      expect((await server.client.post('/oauth/token', { form: login })).status).toBe(200);
    }
  });

  it('is one account where twenty spellings are registered at once', async () => {
    const spellings = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? 'once@bücher.example' : 'once@xn--bcher-kva.example',
    );
    const codes = (await Promise.all(spellings.map(withEmail))).map(code);
    expect(codes.filter((each) => each === 201)).toHaveLength(1);
    expect(codes.filter((each) => each === 'email_taken')).toHaveLength(19);
  });

  it('is kept as it was written, without the white space at its ends', async () => {
    const { body } = await send({
      email: ' Info@डाटामेल.भारत\u00a0',
      username: '\tहिन्दी ',
      password: PASSWORD,
    });
    expect(body).toMatchObject({ email: 'Info@डाटामेल.भारत', username: 'हिन्दी' });
    const login = { username: ' हिन्दी ', password: PASSWORD };
    expect((await server.client.post('/auth/login', { json: login })).status).toBe(200);
    const spaced = { username: 'हिन्दी', password: `${PASSWORD} ` };
    expect((await server.client.post('/auth/login', { json: spaced })).status).toBe(401);
  });

  it.each([
    ['paypal', 'paypa1'],
    ['modern', 'rnodern'],
    ['scope', '\u0455\u0441\u043e\u0440\u0435'],
  ])('is taken where it looks like another user name: %s and %s', async (one, other) => {
    const codes = await Promise.all([one, other].map(async (name) => code(await withUsername(name))));
    expect(codes.sort()).toEqual([201, 'username_taken']);
    const person = await server.client.newcomer();
    const change = { token: person.access_token, json: { username: other } };
    expect(code(await server.client.request('PATCH', '/users/me', change))).toBe('username_taken');
  });

  it.each(['adm\u3164in', '\u0430dmin', 'ad\u00admin'])(
    'is refused for invisible or mixed letters: %j',
    async (name) => {
      const { status, body } = await withUsername(name);
      expect([status, body['errors']]).toEqual([
        422,
        [{ field: 'username', code: 'invalid_format', message: expect.stringContaining('of one script') }],
      ]);
    },
  );
});

describe('accounts of before that have one key today', () => {
  it('are both kept, each found by its own spelling, and the others get the common key', async () => {
    // The migration changes the order of columns, on which the tests' common database relies.
    const database = await createDatabase();
    const server = await startServer({ database });
    const names = ['pair@bücher.example', 'pair@xn--bcher-kva.example', 'alone@xn--bcher-kva.example'];
    for (const [index, email] of names.entries()) {
      await server.client.post('/auth/register', {
        json: { email: `old${index}@example.com`, username: `old-${index}`, password: PASSWORD },
      });
      const sql =
        'UPDATE users SET email = $1, email_key = $1, username_skeleton = NULL WHERE username_key = $2';
      await server.database.query(sql, [email, `old-${index}`]);
    }
    await migrateAgain(server);
    const keys = await server.database.query('SELECT email_key AS key FROM users ORDER BY username_key');
    expect(keys).toEqual([names[0], names[1], 'alone@bücher.example'].map((key) => ({ key })));
    for (const username of [...names, 'alone@bücher.example']) {
      const { access_token: token } = await server.client.login({ username, password: PASSWORD });
      const { body } = await server.client.me(token);
      expect(body['email']).toBe(username.replace('alone@bücher', 'alone@xn--bcher-kva'));
    }
    await server.close();
    await database.drop();
  });

  it('keep user names that look alike, and of these none can be taken again', async () => {
    const server = await startServer();
    for (const name of ['old-paypal', 'old-paypa1']) {
      await server.client.post('/auth/register', {
        json: { email: `${name}@example.com`, username: `x${name}`, password: PASSWORD },
      });
      const sql =
        'UPDATE users SET username = $1, username_key = $1, username_skeleton = NULL WHERE username_key = $2';
      await server.database.query(sql, [name, `x${name}`]);
    }
    await server.app.get(Housekeeping).sweep();
    for (const username of ['old-paypal', 'old-paypa1'])
      await server.client.login({ username, password: PASSWORD });
    expect((await register(server, 'old-PaypaI')).body['code']).toBe('username_taken');
    await server.close();
  });
});

/** Runs the migration that gave each name one key, on the rows that there are. */
async function migrateAgain(server: TestServer): Promise<void> {
  const dataSource = server.app.get(DataSource);
  const { OneKeyPerName1763812200000: Migration } =
    await import('../../migrations/1763812200000-one-key-per-name.js');
  const runner = dataSource.createQueryRunner();
  await new Migration().down(runner);
  await new Migration().up(runner);
  await runner.release();
}
