import { expect, it } from '@jest/globals';
import { Housekeeping, RevocationFeed } from '../support/service/built.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';
import { newSecret, startServer } from '../support/service/server.js';

/** Adds revocations in transactions of 500; several of them exceed one page of the feed. */
async function revokeOthers(database: TestDatabase, transactions: number): Promise<void> {
  for (let n = 0; n < transactions; n++) {
    await database.query(
      `INSERT INTO revocations (id, kind, subject, cutoff, reason, created_at, expires_at)
       SELECT gen_random_uuid(), 'session', gen_random_uuid()::text, now(), 'a test', now(), now() + interval '16 minutes'
         FROM generate_series(1, 500)`,
    );
  }
}

it('a logout among thousands survives a restart and is forgotten after the last token has expired', async () => {
  const database = await createDatabase();
  const env = { SECRET_KEY: newSecret() };
  const before = await startServer({ env, database });
  const person = await before.client.newcomer();
  const sibling = await before.client.login(person);
  await revokeOthers(database, 3);
  await before.client.post('/auth/logout', { token: person.access_token });
  await revokeOthers(database, 3);
  await before.close();

  const after = await startServer({ env, database });
  try {
    expect((await after.client.me(person.access_token)).body['code']).toBe('token_revoked');
    expect((await after.client.refresh(person.refresh_token)).body['code']).toBe('session_revoked');
    expect((await after.client.me(sibling.access_token)).status).toBe(200);
    expect((await after.client.refresh(sibling.refresh_token)).status).toBe(200);
    expect(after.app.get(RevocationFeed).size).toBe(3001);

    await after.move(20 * 60_000);
    expect(after.app.get(RevocationFeed).size).toBe(0);
    await after.app.get(Housekeeping).sweep();
    expect(await database.query('SELECT 1 FROM revocations')).toEqual([]);
  } finally {
    await after.close();
    await database.drop();
  }
});
