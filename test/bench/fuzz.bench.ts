import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fuzz } from '../support/fuzz/fuzz-run.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { rounds } from '../support/actors/rounds.js';
import { report } from './report.js';

const REQUESTS = rounds({ usual: 20_000, full: 110_000 });
/** Requests per portion: each portion has its own seed, and its log is checked and then dropped. */
const PORTION = 10_000;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({
    env: { CORS_ORIGINS: 'https://app.example.org', TRUSTED_PROXIES: '127.0.0.1' },
  });
});
afterAll(() => server.close());

function expectNothingTold(secrets: readonly string[]): void {
  const failures = server.log.filter(({ level }) => level === 'error' || level === 'fatal');
  expect(failures).toEqual([]);
  const lines = server.log.splice(0).map((line) => JSON.stringify(line));
  expect(lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
  expect(lines.filter((line) => /eyJ[\w-]{8}|\$argon2/.test(line))).toEqual([]);
}

it('the fuzz test, repeated with new seeds', async () => {
  const first = Date.now() % 2 ** 30;
  const all = new Map<number, number>();
  const start = performance.now();
  for (let sent = 0; sent < REQUESTS; sent += PORTION) {
    const runs = Math.min(PORTION, REQUESTS - sent);
    const { statuses, neverReached, secrets } = await fuzz(server, { seed: first + sent, runs });
    expect(neverReached).toEqual([]);
    expectNothingTold(secrets);
    for (const [status, times] of statuses) all.set(status, (all.get(status) ?? 0) + times);
    report('fuzz over every operation of the OpenAPI document', {
      first_seed: first,
      requests: sent + runs,
      seconds: (performance.now() - start) / 1000,
      server_errors: [...all].reduce((sum, [status, times]) => (status >= 500 ? sum + times : sum), 0),
      leaks: 0,
      ...Object.fromEntries(
        [...all].sort(([a], [b]) => a - b).map(([status, times]) => [`answers_${status}`, times]),
      ),
    });
  }
}, 7_200_000);
