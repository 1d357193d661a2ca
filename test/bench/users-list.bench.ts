import { afterEach, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database/database.js';
import { administrator } from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { startServer } from '../support/service/server.js';
import { fill } from './fill.js';
import { median, report } from './report.js';

/** `BENCH_USERS=10000000` is the full run: 4 GB of disk and five minutes to fill. */
const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const FEW = 10_000;
const TIMES = 15;

let database: TestDatabase | undefined;
afterEach(() => database?.drop());

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
    await fill(database.target, { users });
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
      // The first page counts all users; with many users later pages reuse the count.
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
