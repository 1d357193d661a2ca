import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person, TokenPair } from '../support/client.js';
import { createEmptyDatabase } from '../support/database.js';
import { KeepAliveClient } from '../support/keep-alive-client.js';
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
const EVERY_MS = 5;
const CONNECTIONS = 16;
/** These and the number of instances have no common divisor: every session is verified and refreshed on both. */
const SESSIONS = 15;
const TURNS_A_REFRESH = 19;
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

interface Traffic {
  /** Ends it and waits for the last answers. */
  stop(): Promise<{
    /** How many there were of each status. */
    readonly answers: Record<string, number>;
    readonly answersASecond: number;
  }>;
}

/**
 * Sends `REQUESTS_A_SECOND` in all, on both instances in turn: verifications, and now and then a refresh. Each request
 * has its time from the start: one that was late does not delay the others, and the rate is not the client's to lower.
 */
async function traffic(person: Person): Promise<Traffic> {
  const clients = instances.map(({ url }) => new KeepAliveClient(url, CONNECTIONS));
  const pairs = await Promise.all(Array.from({ length: SESSIONS }, () => instances[0].client.login(person)));
  await Promise.all(clients.map((client) => client.warmUp()));
  const statuses = new Map<number, number>();
  const underWay = new Set<Promise<void>>();
  const ask = async (turn: number): Promise<number> => {
    const client = clients[turn % clients.length] as KeepAliveClient;
    const seat = turn % SESSIONS;
    const pair = pairs[seat] as TokenPair;
    if (turn % TURNS_A_REFRESH !== 0) return client.verify(pair.access_token);
    const { status, body } = await client.refresh(pair.refresh_token);
    if (status === 200) pairs[seat] = body;
    return status;
  };
  const send = (turn: number): void => {
    const answered = ask(turn)
      // A connection that broke is no answer at all, and counts as one that must not be.
      .catch(() => 0)
      .then((status) => void statuses.set(status, (statuses.get(status) ?? 0) + 1))
      .finally(() => underWay.delete(answered));
    underWay.add(answered);
  };
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * REQUESTS_A_SECOND;
    while (sent < due) send(sent++);
  }, EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      const seconds = (performance.now() - start) / 1000;
      for (const client of clients) client.close();
      const all = [...statuses.values()].reduce((sum, times) => sum + times, 0);
      return {
        answers: Object.fromEntries([...statuses].map(([status, times]) => [`answers_${status}`, times])),
        answersASecond: all / seconds,
      };
    },
  };
}

it('keys that rotate under traffic on two instances', async () => {
  const person = await instances[0].client.newcomer();
  const running = await traffic(person);
  const kids = new Set<unknown>();
  for (let rotation = 0; rotation < ROTATIONS; rotation++) {
    const { access_token: token } = await instances[rotation % 2 ? 1 : 0].client.login(ROOT);
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

it('how soon a logout on one instance is felt on the other, with load on both', async () => {
  const [one, other] = instances;
  const person = await one.client.register();
  const running = await traffic(await one.client.newcomer());
  const times: number[] = [];
  for (let logout = 0; logout < LOGOUTS; logout++) {
    const { access_token: token } = await one.client.login(person);
    await one.client.post('/auth/logout', { token });
    const start = performance.now();
    while ((await other.client.get('/auth/verify', { token })).status === 200);
    times.push(performance.now() - start);
  }
  const { answers, answersASecond } = await running.stop();
  times.sort((a, b) => a - b);
  report('spread of a revocation', {
    logouts: LOGOUTS,
    p50_ms: times[Math.floor(LOGOUTS * 0.5)] ?? 0,
    p99_ms: times[Math.floor(LOGOUTS * 0.99)] ?? 0,
    max_ms: times.at(-1) ?? 0,
    ...answers,
    answers_a_second: answersASecond,
  });
});
