import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person, TokenPair } from '../support/client.js';
import { createEmptyDatabase } from '../support/database.js';
import {
  type Folder,
  killProcesses,
  newFolder,
  type ServiceProcess,
  startProcess,
} from '../support/process.js';
import { newSecret } from '../support/server.js';
import { decode } from '../support/tokens.js';
import { report } from './report.js';

const ROTATIONS = 20;
const REQUESTS_A_SECOND = 300;
const LOGOUTS = 200;
const ROOT = { username: 'root@example.com', password: 'only for this bench run' };

let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
let folder: Folder;
let instances: [ServiceProcess, ServiceProcess];

beforeAll(async () => {
  database = await createEmptyDatabase();
  folder = await newFolder();
  const env = {
    DATABASE_URL: database.url,
    JWT_ISSUER: 'https://id.example',
    SECRET_KEY: newSecret(),
    JWT_ALGORITHM: 'ES256',
    JWKS_MAX_AGE_SECONDS: '1',
    BOOTSTRAP_ADMIN_EMAIL: ROOT.username,
    BOOTSTRAP_ADMIN_PASSWORD: ROOT.password,
    LOG_LEVEL: 'info',
  };
  const start = () => startProcess({ folder: folder.path, env });
  instances = [await start(), await start()];
});
afterAll(async () => {
  await killProcesses();
  await database.drop();
  await folder.remove();
});

/** Verifies, and now and then refreshes, on both instances in turn, until it is told to stop; counts the answers. */
function traffic(person: Person & TokenPair) {
  const statuses = new Map<number, number>();
  const end = new AbortController();
  const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const worker = async (seat: number): Promise<void> => {
    let pair: TokenPair = await instances[0].client.login(person);
    for (let turn = seat; !end.signal.aborted; turn++) {
      const { client } = instances[turn % 2] ?? instances[0];
      const answer = await client.get('/auth/verify', { token: pair.access_token });
      count(answer.status);
      if (turn % 20 === 0) {
        const refreshed = await client.refresh(pair.refresh_token);
        count(refreshed.status);
        if (refreshed.status === 200) pair = refreshed.body;
      }
      await delay((1000 * WORKERS) / REQUESTS_A_SECOND);
    }
  };
  const workers = Array.from({ length: WORKERS }, (_, seat) => worker(seat));
  return {
    async stop(): Promise<Record<string, number>> {
      end.abort();
      await Promise.all(workers);
      return Object.fromEntries([...statuses].map(([status, times]) => [`answers_${status}`, times]));
    },
  };
}

const WORKERS = 16;

it('keys that rotate under traffic on two instances', async () => {
  const person = await instances[0].client.newcomer();
  const running = traffic(person);
  const kids = new Set<unknown>();
  for (let rotation = 0; rotation < ROTATIONS; rotation++) {
    const { access_token: token } = await instances[rotation % 2 ? 1 : 0].client.login(ROOT);
    kids.add(decode(token).header['kid']);
    const { body } = await instances[0].client.post('/keys/rotate', { token, json: {} });
    await delay(Date.parse(String(body['active_from'])) - Date.now() + 200);
  }
  const answers = await running.stop();
  report('key rotation under traffic', { rotations: ROTATIONS, keys_that_signed: kids.size, ...answers });
  expect(Object.keys(answers)).toEqual(['answers_200']);
});

it('how soon a logout on one instance is felt on the other, with load on both', async () => {
  const [one, other] = instances;
  const person = await one.client.register();
  const running = traffic(await one.client.newcomer());
  const times: number[] = [];
  for (let logout = 0; logout < LOGOUTS; logout++) {
    const { access_token: token } = await one.client.login(person);
    await one.client.post('/auth/logout', { token });
    const start = performance.now();
    while ((await other.client.get('/auth/verify', { token })).status === 200);
    times.push(performance.now() - start);
  }
  const answers = await running.stop();
  times.sort((a, b) => a - b);
  report('spread of a revocation', {
    logouts: LOGOUTS,
    p50_ms: times[Math.floor(LOGOUTS * 0.5)] ?? 0,
    p99_ms: times[Math.floor(LOGOUTS * 0.99)] ?? 0,
    max_ms: times.at(-1) ?? 0,
    ...answers,
  });
});
