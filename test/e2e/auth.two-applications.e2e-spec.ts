import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/database/database.js';
import { startServer, type TestServer } from '../support/service/server.js';

let first: TestServer;
let second: TestServer;

beforeAll(async () => {
  first = await startServer();
  second = await startServer({ database: await createDatabase(), env: { JWT_AUDIENCE: 'other' } });
});
afterAll(async () => {
  await second.close();
  await second.database.drop();
  await first.close();
});

describe('two applications in one process', () => {
  it('each accept their own access tokens and refuse the other’s', async () => {
    const mine = await first.client.newcomer();
    const other = await second.client.newcomer();
    expect((await first.client.me(mine.access_token)).status).toBe(200);
    expect((await second.client.me(other.access_token)).status).toBe(200);
    expect((await first.client.me(other.access_token)).body['code']).toBe('token_invalid');
    expect((await second.client.me(mine.access_token)).body['code']).toBe('token_invalid');
  });

  it('each check passwords against their own users only', async () => {
    const { username, password } = await first.client.register();
    const json = { username, password };
    expect((await first.client.post('/auth/login', { json })).status).toBe(200);
    expect((await second.client.post('/auth/login', { json })).body['code']).toBe('invalid_credentials');
  });
});
