import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PasswordHasher } from '../support/service/built.js';
import type { TokenPair } from '../support/http/client.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId, reminted } from '../support/tokens/tokens.js';
import { areaUnderCurve, median, report } from './report.js';

/** Requests per group; the groups take turns, so that a slow moment of the machine affects all groups. */
const LOGINS = Number(process.env['BENCH_TURNS'] ?? 2000);
const PARAMETERS = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME: '2' };

let server: TestServer;
let holder: TokenPair;

beforeAll(async () => {
  server = await startServer({ env: { ...PARAMETERS, LOG_LEVEL: 'info', LIMIT_REFRESH: '1000000/60' } });
  await server.app.get(PasswordHasher).prepare();
});
afterAll(() => server.close());

async function failedLogin(username: string): Promise<number> {
  const start = process.hrtime.bigint();
  const { status } = await server.client.post('/auth/login', {
    json: { username, password: 'not the password' },
  });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  expect(status).toBe(401);
  // The sixth attempt would be refused before its password is checked.
  await server.database.query('DELETE FROM rate_limits');
  return took;
}

/** Measures two known accounts and an unknown one in turn, and reports how well their times can be distinguished. */
async function compare(
  title: string,
  names: readonly [string, string, string],
  ask: (name: string) => Promise<number>,
): Promise<void> {
  const times: number[][] = [[], [], []];
  for (const name of names) await ask(name);
  for (let turn = 0; turn < LOGINS; turn++) {
    // The order changes each time, so that the position of a request has no effect on its group.
    for (const group of [0, 1, 2].map((index) => (index + turn) % 3)) {
      times[group]?.push(await ask(names[group] ?? ''));
    }
  }
  const [one = [], other = [], unknown = []] = times;
  const control = areaUnderCurve(one, other);
  const auc = areaUnderCurve(one.concat(other), unknown);
  report(title, {
    asked_per_group: LOGINS,
    median_ms_known: median(one.concat(other)),
    median_ms_unknown: median(unknown),
    auc_known_against_known: control,
    auc_known_against_unknown: auc,
    difference: Math.abs(auc - 0.5) - Math.abs(control - 0.5),
  });
}

it('a failed login of an unknown user beside one with a wrong password', async () => {
  const known = await Promise.all([server.client.register(), server.client.register()]);
  await compare(
    'login timing: does an unknown user answer in the time of a wrong password?',
    [known[0].email, known[1].email, 'nobody-at-all@example.com'],
    failedLogin,
  );
});

/** Signed with a foreign key, so that only the session in the token could cause a difference. */
async function failedRefresh(sessionId: string): Promise<number> {
  const { refresh_token: good } = holder;
  const forged = reminted(good, newSecret(), { sid: sessionId });
  const start = process.hrtime.bigint();
  const { status, body } = await server.client.refresh(forged);
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  expect([status, (body as unknown as Record<string, unknown>)['code']]).toEqual([
    401,
    'refresh_token_invalid',
  ]);
  return took;
}

it('a forged refresh token of an unknown session beside one of a live session', async () => {
  const holders = await Promise.all([server.client.newcomer(), server.client.newcomer()]);
  holder = holders[0];
  const [one, other] = holders.map(({ refresh_token: token }) => String(decode(token).claims['sid']));
  await compare(
    'refresh timing: does an unknown session answer in the time of a live one?',
    [one ?? '', other ?? '', freshId()],
    failedRefresh,
  );
});
