import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { leakOf, refusalIn } from '../support/http/bearer.js';
import { changedAnywhere, CHANGES, expectedRefusal, FORGERIES } from '../support/tokens/forgeries/all.js';
import { kitOf, type Forgery } from '../support/tokens/forgeries/kit.js';
import { RawClient } from '../support/http/raw-client.js';
import { rounds } from '../support/actors/rounds.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { report } from './report.js';

const TOKENS = rounds({ usual: 10_000, full: 60_000 });
const NAMED = FORGERIES.flatMap(([, forgeries]) => forgeries);
const AT_ONCE = 8;
/** The discard port, which is closed: the service must not fetch keys from a URL in a token. */
const NOBODY = 'http://127.0.0.1:9';

let server: TestServer;
let client: RawClient;

beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: 'warn' } });
  client = new RawClient(server.url);
});
afterAll(async () => {
  client.close();
  await server.close();
});

interface Presented {
  readonly name: string;
  readonly code: Forgery['code'];
  /** Made just before use, because some forgeries depend on the time. */
  readonly make: () => string;
}

/** The forgeries of one login's tokens: each named forgery, and every change of one character. */
function* forgeriesOf({ access, refresh }: { access: string; refresh: string }): Generator<Presented> {
  const now = () => Math.floor(server.clock.now() / 1000);
  const kit = kitOf({ secret: server.secret, access, refresh, now: now(), attackerUrl: NOBODY });
  for (const { name, code, token } of NAMED) yield { name, code, make: () => token({ ...kit, now: now() }) };
  for (const [name, change] of Object.entries(CHANGES))
    for (const token of changedAnywhere(access, change))
      yield { name, code: 'token_invalid', make: () => token };
}

it('forged tokens, from login after login', async () => {
  const statuses = new Map<number, number>();
  const wrong: unknown[] = [];
  const present = async ({ name, code, make }: Presented): Promise<void> => {
    const token = make();
    const answer = await client.get('/auth/verify', ['authorization', `Bearer ${token}`]);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const found = refusalIn(answer);
    const right = JSON.stringify(found) === JSON.stringify(expectedRefusal(code, found));
    if (!right || leakOf(token, answer) !== undefined) wrong.push({ name, status: answer.status });
  };
  const start = performance.now();
  let sent = 0;
  let logins = 0;
  const isEnough = (): boolean => sent === TOKENS;
  while (!isEnough()) {
    const { access_token: access, refresh_token: refresh } = await server.client.newcomer();
    logins++;
    const forgeries = forgeriesOf({ access, refresh });
    const sender = async (): Promise<void> => {
      for (const forgery of forgeries) {
        if (isEnough()) return;
        sent++;
        await present(forgery);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    expect((await server.client.get('/auth/verify', { token: access })).status).toBe(200);
  }
  report('forged tokens', {
    tokens: [...statuses.values()].reduce((sum, times) => sum + times, 0),
    logins,
    forgeries_with_a_name: NAMED.length,
    seconds: (performance.now() - start) / 1000,
    accepted: statuses.get(200) ?? 0,
    wrong_answers: wrong.length,
    ...Object.fromEntries([...statuses].map(([status, times]) => [`answers_${status}`, times])),
  });
  expect(wrong).toEqual([]);
  expect([...statuses]).toEqual([[401, TOKENS]]);
}, 3_600_000);
