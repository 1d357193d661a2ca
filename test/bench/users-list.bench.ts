import { afterEach, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { administrator } from '../support/administrators.js';
import type { Answer } from '../support/client.js';
import { startServer } from '../support/server.js';
import { median, report } from './report.js';

/** `BENCH_USERS=10000000` for the whole of it: 4 GB of disk and five minutes to fill. */
const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const FEW = 10_000;
const TIMES = 15;
const FIRST_CREATED = Date.UTC(2020, 0, 1);

let database: TestDatabase | undefined;
afterEach(() => database?.drop());

/** Users a second apart, with ids in the order of creation, as a moved-in crowd has them. */
async function fill(into: TestDatabase, users: number): Promise<void> {
  const client = new Postgres(into.target);
  await client.connect();
  // Rows come faster without the indexes and foreign keys that are there again afterwards.
  await client.query('SET session_replication_role = replica');
  await client.query(
    'ALTER TABLE users DROP CONSTRAINT uq_users_email_key, DROP CONSTRAINT uq_users_username_key',
  );
  await client.query(
    `INSERT INTO users (id, email, email_key, username, username_key, password_hash, created_at, updated_at)
     SELECT (lpad(to_hex(($2::bigint + n * 1000)), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' ||
             substr(md5(n::text), 4, 15))::uuid,
            name || '@example.com', name || '@example.com', name, name, '-', at, at
       FROM generate_series(1, $1::bigint) AS n,
            LATERAL (SELECT substr(md5('salt' || n), 1, 6) || '.' || n AS name,
                            to_timestamp($2::bigint / 1000 + n) AS at) AS made`,
    [users, FIRST_CREATED],
  );
  await client.query(`ALTER TABLE users ADD CONSTRAINT uq_users_email_key UNIQUE (email_key),
                                        ADD CONSTRAINT uq_users_username_key UNIQUE (username_key)`);
  await client.query(`INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM users`);
  await client.query('VACUUM ANALYZE users');
  await client.query('VACUUM ANALYZE user_roles');
  await client.end();
}

async function timed(
  ask: () => Promise<Answer<unknown[]>>,
): Promise<{ ms: number; firstMs: number; answer: Answer<unknown[]> }> {
  const all: number[] = [];
  const begun = performance.now();
  let answer = await ask();
  const firstMs = performance.now() - begun;
  for (let n = 0; n < TIMES; n++) {
    const start = performance.now();
    answer = await ask();
    all.push(performance.now() - start);
    if (answer.status !== 200) break;
  }
  return { ms: median(all), firstMs, answer };
}

it.each([FEW, USERS])(
  'a list of %d users',
  async (users) => {
    database = await createDatabase();
    const start = performance.now();
    await fill(database, users);
    const fillSeconds = (performance.now() - start) / 1000;
    const server = await startServer({ database });
    const { access_token: token } = await administrator(server);
    const [middle] = await database.query<{ id: string; email: string }>(
      'SELECT id, email FROM users ORDER BY id OFFSET $1 LIMIT 1',
      [Math.floor(users / 2)],
    );
    const pages: Readonly<Record<string, string>> = {
      first_page: '?limit=100',
      page_after_the_middle: `?limit=100&after=${middle?.id}`,
      page_of_one_after_the_middle: `?limit=1&after=${middle?.id}`,
      offset_in_the_middle: `?limit=100&offset=${Math.floor(users / 2)}`,
      email_of_one: `?email_prefix=${encodeURIComponent(middle?.email ?? '')}`,
      email_prefix_of_three: `?limit=100&email_prefix=${middle?.email.slice(0, 3)}`,
      email_prefix_of_one: `?limit=100&email_prefix=${middle?.email.slice(0, 1)}`,
      email_prefix_of_none: '?limit=100&email_prefix=zzz',
    };
    const figures: Record<string, number | string> = { users, fill_seconds: fillSeconds };
    for (const [name, query] of Object.entries(pages)) {
      const { ms, firstMs, answer } = await timed(() =>
        server.client.get<unknown[]>(`/users${query}`, { token }),
      );
      // The first one counts; where there are many, the others need not.
      figures[`${name}_first_ms`] = firstMs;
      figures[`${name}_ms`] = ms;
      figures[`${name}_got`] =
        `${answer.status}, ${answer.body.length} of ${answer.headers.get('x-total-count')}`;
    }
    await server.close();
    report(`a list of ${users} users`, figures);
  },
  3_000_000,
);
