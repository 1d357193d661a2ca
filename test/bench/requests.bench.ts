import argon2 from 'argon2';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { TokenPair } from '../support/http/client.js';
import { createEmptyDatabase } from '../support/database/database.js';
import {
  type Folder,
  killProcesses,
  newFolder,
  type ServiceProcess,
  startProcess,
} from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';
import { type Chain, getRequest, load, type Load, pin, postRequest, refreshing, repeated } from './load.js';
import { median, report } from './report.js';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const CONNECTIONS = 32;
const REFRESH_CHAINS = 16;
const LOGIN_CHAINS = 8;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const ROUND_MS = 2000;
const WARM_UP_MS = 1500;

/** A server under load: its address, its process, and the requests of its connections. */
interface Contestant {
  readonly url: string;
  readonly pid: number;
  readonly chains: () => readonly Chain[];
}

let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
let folder: Folder;
const baselines: Array<{ kill(): void }> = [];

beforeAll(async () => {
  folder = await newFolder();
  if (!pin(process.pid, CLIENT_CORE)) process.stdout.write('Not pinned: there is no taskset here.\n');
});
// Each has a database of its own: a key that a test before left would go on signing until its successor is published.
beforeEach(async () => {
  database = await createEmptyDatabase();
});
afterEach(async () => {
  for (const baseline of baselines.splice(0)) baseline.kill();
  await killProcesses();
  await database.drop();
});
afterAll(async () => {
  await folder.remove();
});

async function startService(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const service = await startProcess({
    folder: folder.path,
    // Neither server logs requests; the service's URL is in its banner.
    env: {
      DATABASE_URL: database.url,
      JWT_ISSUER: 'https://id.example',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'pretty',
      ...env,
    },
  });
  pin(service.pid, SERVER_CORE);
  return service;
}

async function startBaseline(env: Readonly<Record<string, string>>): Promise<{ url: string; pid: number }> {
  const child = spawn(process.execPath, [resolve('test/bench/baseline.mjs')], {
    env: { PATH: process.env['PATH'] ?? '', DATABASE: database.url, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  baselines.push(child);
  const [port] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const pid = child.pid as number;
  pin(pid, SERVER_CORE);
  return { url: `http://127.0.0.1:${port.trim()}`, pid };
}

/** Measures the servers in turn, so that other work of the machine affects both; returns medians of the rounds. */
async function compare(
  title: string,
  baseline: Contestant,
  service: Contestant,
  connections = CONNECTIONS,
): Promise<void> {
  const run = ({ chains, ...server }: Contestant, milliseconds: number) =>
    load(server, chains(), { milliseconds, status: 200 });
  const rounds: Array<{ readonly baseline: Load; readonly service: Load }> = [];
  for (const contestant of [baseline, service]) await run(contestant, WARM_UP_MS);
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ baseline: await run(baseline, ROUND_MS), service: await run(service, ROUND_MS) });
  }
  const middle = (figure: (round: (typeof rounds)[number]) => number): number => median(rounds.map(figure));
  const ratio = middle((round) => round.service.cpuPerRequest / round.baseline.cpuPerRequest);
  report(title, {
    connections,
    rounds: ROUNDS,
    cpu_us_baseline: middle((round) => round.baseline.cpuPerRequest),
    cpu_us_service: middle((round) => round.service.cpuPerRequest),
    cpu_ratio: ratio,
    per_second_baseline: Math.round(middle((round) => round.baseline.perSecond)),
    per_second_service: Math.round(middle((round) => round.service.perSecond)),
    p99_ms_service: middle((round) => round.service.p99),
  });
  expect(ratio).toBeGreaterThan(0);
}

function bearer({ access_token: token }: TokenPair): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

it.each(['HS256', 'ES256', 'RS256'])('GET /auth/verify, %s', async (algorithm) => {
  const secret = newSecret();
  const service = await startService({ SECRET_KEY: secret, JWT_ALGORITHM: algorithm });
  const pair = await service.client.newcomer();
  const { body } = await service.client.get<{ keys: Array<{ kid: string }> }>('/.well-known/jwks.json');
  const active = body.keys.find(({ kid }) => kid === decode(pair.access_token).header['kid']);
  const key: Record<string, string> = active ? { JWK: JSON.stringify(active) } : {};
  const baseline = await startBaseline({ SECRET: secret, ALGORITHM: algorithm, ...key });
  const chains = repeated(getRequest('/auth/verify', bearer(pair)), CONNECTIONS);
  await compare(
    `GET /auth/verify, ${algorithm}`,
    { ...baseline, chains },
    { url: service.url, pid: service.pid, chains },
  );
});

it('GET /users/me', async () => {
  const secret = newSecret();
  const service = await startService({ SECRET_KEY: secret, JWT_ALGORITHM: 'HS256' });
  const baseline = await startBaseline({ SECRET: secret });
  const chains = repeated(getRequest('/users/me', bearer(await service.client.newcomer())), CONNECTIONS);
  await compare('GET /users/me', { ...baseline, chains }, { url: service.url, pid: service.pid, chains });
});

it('POST /auth/login', async () => {
  const cost = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME: '2' };
  const service = await startService({ SECRET_KEY: newSecret(), JWT_ALGORITHM: 'HS256', ...cost });
  const { username, password } = await service.client.register();
  const hash = await argon2.hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  const baseline = await startBaseline({ HASH: hash });
  const chains = repeated(postRequest('/auth/login', { username, password }), LOGIN_CHAINS);
  await compare(
    'POST /auth/login',
    { ...baseline, chains },
    { url: service.url, pid: service.pid, chains },
    LOGIN_CHAINS,
  );
});

it('POST /auth/refresh', async () => {
  const secret = newSecret();
  const service = await startService({ SECRET_KEY: secret, JWT_ALGORITHM: 'HS256' });
  const baseline = await startBaseline({ SECRET: secret });
  const person = await service.client.register();
  const pairs = await Promise.all(Array.from({ length: REFRESH_CHAINS }, () => service.client.login(person)));
  const rows = await Promise.all(Array.from({ length: REFRESH_CHAINS }, () => service.client.login(person)));
  const updating = (): readonly Chain[] =>
    rows.map(({ refresh_token: token }) => {
      const request = postRequest('/auth/refresh', { session: decode(token).claims['sid'] });
      return () => request;
    });
  await compare(
    'POST /auth/refresh',
    { ...baseline, chains: updating },
    { url: service.url, pid: service.pid, chains: refreshing(pairs) },
    REFRESH_CHAINS,
  );
});
