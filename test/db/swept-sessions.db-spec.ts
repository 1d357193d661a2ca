import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { newId } from '../../src/platform/kernel/ids.js';
import { Session } from '../../src/sessions/session.entity.js';
import { User } from '../../src/users/user.entity.js';
import { SweptSessionsRepository } from '../../src/sessions/swept-sessions.repository.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 60_000 };
const SESSIONS = 1000;

let database: TestDatabase;
let source: DataSource;

beforeAll(async () => {
  database = await workerDatabase();
  source = await new DataSource(dataSourceOptions(database.target, POOL, [Session, User])).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

it('a sweep ends its page in few index scans even where the planner expects a single row', async () => {
  const now = new Date();
  const user = newId(now.getTime());
  await database.query(
    `INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at) VALUES ($1, 'a@b', 'a@b', '-', $2, $2)`,
    [user, now],
  );
  const ids = Array.from({ length: SESSIONS }, () => newId(now.getTime() - 1000));
  await database.query(
    `INSERT INTO sessions (id, user_id, client_id, refresh_token_id, rotated_at, idle_expires_at, expires_at, created_at,
                           last_used_at)
     SELECT id, $1, 'known', id, t, t + interval '7 days', t + interval '30 days', t, t
       FROM unnest($2::uuid[]) AS id, (SELECT $3::timestamptz - interval '1 second' AS t) times`,
    [user, ids, now],
  );
  await database.query('ANALYZE sessions');
  // The planner expects one session for a client id that its statistics lack.
  await database.query(`UPDATE sessions SET client_id = 'unheard of'`);
  const filter = { userId: null, clientId: 'unheard of', addresses: null, rotated: null };
  const { ended, lookUps } = await source.transaction(async (manager) => {
    const meant = { ...filter, openedBefore: now, now };
    const rows = await new SweptSessionsRepository().end(manager, meant, { ids, reason: 'a test' });
    const [seen]: Array<{ count: number }> = await manager.query(
      `SELECT idx_scan::int AS count FROM pg_stat_xact_user_tables WHERE relname = 'sessions' AND schemaname = 'public'`,
    );
    return { ended: rows.length, lookUps: seen?.count ?? 0 };
  });
  expect(ended).toBe(SESSIONS);
  expect(lookUps).toBeLessThan(SESSIONS / 10);
});
