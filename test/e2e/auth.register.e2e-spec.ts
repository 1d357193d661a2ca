import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/service/built.js';
import type { Answer } from '../support/http/client.js';
import { urlOf } from '../support/database/database.js';
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
    const env = { NODE_ENV: 'production', REGISTRATION: 'open' };
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
      env: { SECRET_KEY: newSecret(), DATABASE_URL: urlOf(server.database.target), ...settings },
    });
    expect(code).toBe(EX_CONFIG);
    expect(stderr).toContain(name === 'user name' ? 'user name "admin"' : 'BOOTSTRAP_ADMIN_EMAIL');
    expect(stderr).toContain('latchkey users delete');
    expect(stderr).not.toMatch(/the database|example\.com/i);
  });
});
