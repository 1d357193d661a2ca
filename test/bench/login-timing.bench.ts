import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PasswordHasher } from '../support/built.js';
import { startServer, type TestServer } from '../support/server.js';
import { areaUnderCurve, median, report } from './report.js';

/** Logins a group; the groups take turns, so that a slow moment of the machine hits all alike. */
const LOGINS = 2000;
const PARAMETERS = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME: '2' };

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { ...PARAMETERS, LOG_LEVEL: 'info' } });
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
  // The sixth would be refused before the password is looked at.
  await server.database.query('DELETE FROM rate_limits');
  return took;
}

it('a failed login of an unknown user beside one with a wrong password', async () => {
  const known = await Promise.all([server.client.register(), server.client.register()]);
  const names = [known[0].email, known[1].email, 'nobody-at-all@example.com'];
  const times: number[][] = [[], [], []];
  for (const name of names) await failedLogin(name);
  for (let login = 0; login < LOGINS; login++) {
    // Another order each time: being the second to run must not look like being unknown.
    for (const group of [0, 1, 2].map((index) => (index + login) % 3)) {
      times[group]?.push(await failedLogin(names[group] ?? ''));
    }
  }
  const [one = [], other = [], unknown = []] = times;
  const control = areaUnderCurve(one, other);
  const told = areaUnderCurve(one.concat(other), unknown);
  report('login timing: can an unknown user be told from a wrong password?', {
    logins_per_group: LOGINS,
    median_ms_known: median(one.concat(other)),
    median_ms_unknown: median(unknown),
    auc_known_against_known: control,
    auc_known_against_unknown: told,
    difference: Math.abs(told - 0.5) - Math.abs(control - 0.5),
  });
});
