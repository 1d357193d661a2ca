import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { RevocationFeed } from '../support/service/built.js';
import { createDatabase, testServer, type TestDatabase } from '../support/database/database.js';
import { startServer, type TestServer } from '../support/service/server.js';

let server: TestServer;
let own: TestDatabase;

beforeAll(async () => {
  own = await createDatabase();
  // The token outlives the longest staleness, so that the guard refuses it and not its expiry.
  server = await startServer({
    database: own,
    env: { ACCESS_TOKEN_EXPIRE_MINUTES: '60', DATABASE_CONNECT_TIMEOUT_MS: '500' },
  });
});
afterAll(async () => {
  await server.close();
  await own.drop();
});

/** Refuses new connections to the database and closes the open ones, or allows connections again. */
async function database(reachable: boolean): Promise<void> {
  const admin = new Postgres(testServer());
  await admin.connect();
  const name = server.database.target.database;
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${reachable}`);
  if (!reachable) {
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  }
  await admin.end();
}

async function answers(token: string): Promise<{ verify: number; ready: number }> {
  const verify = await server.client.get('/auth/verify', { token });
  const ready = await server.client.get('/health/ready');
  return { verify: verify.status, ready: ready.status };
}

it('without the database tokens are still accepted at first, then refused with 503, and accepted once it is back', async () => {
  const { access_token: token } = await server.client.newcomer();
  expect(await answers(token)).toEqual({ verify: 200, ready: 200 });

  await database(false);
  // Verification reads no database, so the outage does not affect it.
  expect((await server.client.get('/auth/verify', { token })).status).toBe(200);
  expect((await server.client.me(token)).status).toBe(503);
  await server.move(11_000);
  expect(await answers(token)).toEqual({ verify: 200, ready: 503 });
  await server.move(280_000);
  expect(await answers(token)).toEqual({ verify: 200, ready: 503 });
  await server.move(10_000);
  const stale = await server.client.get('/auth/verify', { token });
  expect([stale.status, stale.body['code']]).toEqual([503, 'unavailable']);
  expect(stale.headers.get('retry-after')).toMatch(/^\d+$/);

  await database(true);
  await server.app.get(RevocationFeed).catchUp();
  expect(await answers(token)).toEqual({ verify: 200, ready: 200 });
  expect((await server.client.me(token)).status).toBe(200);
});
