import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fuzz } from '../support/fuzz-run.js';
import { startServer, type TestServer } from '../support/server.js';
import { report } from './report.js';

const REQUESTS = 20_000;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({
    env: { CORS_ORIGINS: 'https://app.example.org', TRUSTED_PROXIES: '127.0.0.1' },
  });
});
afterAll(() => server.close());

it('ten times the fuzz of the test run, with a seed of its own each time', async () => {
  const seed = Date.now() % 2 ** 31;
  const start = performance.now();
  const { statuses, neverReached } = await fuzz(server, { seed, runs: REQUESTS });
  expect(neverReached).toEqual([]);
  const failures = server.log.filter(({ level }) => level === 'error' || level === 'fatal');
  expect(failures).toEqual([]);
  report('fuzz over every operation of the OpenAPI document', {
    seed,
    requests: REQUESTS,
    seconds: (performance.now() - start) / 1000,
    server_errors: [...statuses].reduce((sum, [status, times]) => (status >= 500 ? sum + times : sum), 0),
    ...Object.fromEntries(
      [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => [`answers_${status}`, n]),
    ),
  });
});
