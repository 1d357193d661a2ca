import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person } from '../support/http/client.js';
import { Deployment, ROOT, WITH_ROOT } from '../support/service/deployment.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { scrape, total } from '../support/observability/metrics.js';
import type { ServiceProcess } from '../support/service/process.js';
import { rounds } from '../support/actors/rounds.js';
import { decode } from '../support/tokens/tokens.js';
import { Traffic, type TrafficReport } from '../support/actors/traffic.js';
import { report } from './report.js';

const ROTATIONS = rounds({ usual: 20, full: 20 });
const REQUESTS_A_SECOND = 300;
const CONNECTIONS = 16;
/** Number of sessions; odd, so that every session is verified and refreshed on both instances. */
const SESSIONS = 15;
/** Concurrent logouts, so that thousands take minutes. */
const LANES = 4;
const BETWEEN_LOOKS_MS = 2;
const SPREAD_P99_MS = 1000;
const SPREAD_MAX_MS = 2000;
const LOGOUTS = rounds({ usual: 200, full: 2000 });

let deployment: Deployment;
let instances: [ServiceProcess, ServiceProcess];

beforeAll(async () => {
  deployment = await Deployment.open({
    env: { ...WITH_ROOT, JWT_ALGORITHM: 'ES256', JWKS_MAX_AGE_SECONDS: '1', METRICS_PORT: '0' },
  });
  instances = await deployment.startTwo();
});
afterAll(() => deployment.close());

/** Sends requests to both instances in turn; the rate is the total of both. */
async function traffic(person: Person): Promise<{ stop(): Promise<TrafficReport> }> {
  const clients = instances.map(({ url }) => new KeepAliveClient(url, CONNECTIONS));
  const pairs = await Promise.all(Array.from({ length: SESSIONS }, () => instances[0].client.login(person)));
  await Promise.all(clients.map((client) => client.warmUp()));
  const way = (turn: number) => clients[turn % clients.length] as KeepAliveClient;
  const running = new Traffic({ perSecond: REQUESTS_A_SECOND, way, pairs });
  return {
    stop: async () => {
      const output = await running.stop();
      for (const client of clients) client.close();
      return output;
    },
  };
}

it('keys that rotate under traffic on two instances', async () => {
  const person = await instances[0].client.newcomer();
  const running = await traffic(person);
  const kids = new Set<unknown>();
  for (let rotation = 0; rotation < ROTATIONS; rotation++) {
    const { access_token: token } = await instances[rotation % 2 ? 1 : 0].client.loginForService(ROOT);
    kids.add(decode(token).header['kid']);
    const { body } = await instances[0].client.post('/keys/rotate', { token, json: {} });
    await delay(Date.parse(String(body['active_from'])) - Date.now() + 200);
  }
  const { answers, answersASecond } = await running.stop();
  report('key rotation under traffic', {
    rotations: ROTATIONS,
    keys_that_signed: kids.size,
    ...answers,
    answers_a_second: answersASecond,
  });
  expect(Object.keys(answers)).toEqual(['answers_200']);
});

/** The instance's own count of revocations of other instances that it received `within` a number of seconds. */
async function arrivals(instance: ServiceProcess, within = '+Inf'): Promise<number> {
  const samples = await scrape(String(instance.log.find(({ msg }) => msg === 'listening')?.['metrics_url']));
  return total(samples, 'latchkey_revocation_spread_seconds_bucket', { from: 'elsewhere', le: within });
}

it('the delay of a logout from one instance to the other, with load on both', async () => {
  const [one, other] = instances;
  const person = await one.client.register();
  const running = await traffic(await one.client.newcomer());
  const times: number[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < LOGOUTS) {
      begun++;
      const { access_token: token } = await one.client.login(person);
      await one.client.post('/auth/logout', { token });
      const start = performance.now();
      while ((await other.client.get('/auth/verify', { token })).status === 200)
        await delay(BETWEEN_LOOKS_MS);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const { answers, answersASecond } = await running.stop();
  expect(Object.keys(answers)).toEqual(['answers_200']);
  times.sort((a, b) => a - b);
  const [p50 = 0, p99 = 0] = [0.5, 0.99].map((share) => times[Math.floor(LOGOUTS * share)]);
  const max = times.at(-1) ?? 0;
  const figures = { logouts: times.length, p50_ms: p50, p99_ms: p99, max_ms: max };
  const seen = { seen_by_instance: await arrivals(other), seen_within_a_second: await arrivals(other, '1') };
  report('spread of a revocation', { ...figures, ...seen, ...answers, answers_a_second: answersASecond });
  expect(p99).toBeLessThan(SPREAD_P99_MS);
  expect(max).toBeLessThan(SPREAD_MAX_MS);
}, 3_600_000);
