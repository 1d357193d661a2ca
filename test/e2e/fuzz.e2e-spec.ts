import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fuzz } from '../support/fuzz/fuzz-run.js';
import { startServer, type TestServer } from '../support/service/server.js';

const SEED = 20_260_101;
const RUNS = 2000;

let server: TestServer;
let secrets: readonly string[] = [];

beforeAll(async () => {
  // As behind a proxy and with a browser's page: more of the service listens to headers then.
  server = await startServer({
    env: { CORS_ORIGINS: 'https://app.example.org', TRUSTED_PROXIES: '127.0.0.1' },
  });
});
afterAll(() => server.close());

describe('whatever is sent to an operation of the OpenAPI document', () => {
  it('is answered by the contract and never with a server error or a secret', async () => {
    const report = await fuzz(server, { seed: SEED, runs: RUNS });
    secrets = report.secrets;
    expect(report.neverReached).toEqual([]);
    const refusals = [400, 401, 403, 404, 405, 409, 413, 415, 422];
    expect([...report.statuses.keys()]).toEqual(expect.arrayContaining(refusals));
  }, 300_000);

  it('leaves no secret, no token and no failure in the log', () => {
    const lines = server.log.map((line) => JSON.stringify(line));
    expect(lines.length).toBeGreaterThan(RUNS);
    expect(lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
    expect(lines.filter((line) => /eyJ[\w-]{8}|\$argon2/.test(line))).toEqual([]);
    expect(server.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });

  it('pollutes no prototype', () => {
    expect('polluted' in {}).toBe(false);
  });
});
