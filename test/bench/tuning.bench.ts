import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
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
import { type Chain, getRequest, load, postRequest, refreshing, repeated } from './load.js';
import { report } from './report.js';

const CONNECTIONS = 32;
const LOGIN_CHAINS = 16;
const LOAD_MS = 5000;
const WARM_UP_MS = 1500;
const COST = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME: '2' };

let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
let folder: Folder;

beforeAll(async () => {
  database = await createEmptyDatabase();
  folder = await newFolder();
});
afterEach(() => killProcesses());
afterAll(async () => {
  await killProcesses();
  await database.drop();
  await folder.remove();
});

async function start(settings: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const env = { DATABASE_URL: database.url, SECRET_KEY: newSecret(), LOG_LEVEL: 'info', ...COST };
  const service = await startProcess({ folder: folder.path, env: { ...env, ...settings } });
  const workers = Number(settings['WEB_CONCURRENCY'] ?? 1);
  return service.until(({ log }) => log.filter(({ msg }) => msg === 'listening').length === workers);
}

/** Requests per second with the expected answer. */
async function rate({ url, pid }: ServiceProcess, chains: () => readonly Chain[]): Promise<number> {
  await load({ url, pid }, chains(), { milliseconds: WARM_UP_MS, status: 200 });
  return (await load({ url, pid }, chains(), { milliseconds: LOAD_MS, status: 200 })).perSecond;
}

function repeatedly(path: string, { access_token: token }: TokenPair): () => readonly Chain[] {
  return repeated(getRequest(path, { Authorization: `Bearer ${token}` }), CONNECTIONS);
}

async function refreshes({ client }: ServiceProcess): Promise<() => readonly Chain[]> {
  const person = await client.register();
  const pairs: TokenPair[] = [];
  for (let chain = 0; chain < CONNECTIONS; chain++) pairs.push(await client.login(person));
  return refreshing(pairs);
}

async function loggingIn({ client }: ServiceProcess): Promise<() => readonly Chain[]> {
  const { username, password } = await client.register();
  return repeated(postRequest('/auth/login', { username, password }), LOGIN_CHAINS);
}

it.each(['1', '2'])('WEB_CONCURRENCY=%s', async (workers) => {
  const service = await start({ WEB_CONCURRENCY: workers });
  const pair = await service.client.newcomer();
  const rates = {
    verify_per_second: await rate(service, repeatedly('/auth/verify', pair)),
    me_per_second: await rate(service, repeatedly('/users/me', pair)),
    refresh_per_second: await rate(service, await refreshes(service)),
    login_per_second: await rate(service, await loggingIn(service)),
  };
  report(`WEB_CONCURRENCY=${workers}`, rates);
  expect(rates.verify_per_second).toBeGreaterThan(0);
});

it.each(['2', '5', '10', '20'])('DATABASE_POOL_SIZE=%s', async (size) => {
  const service = await start({ DATABASE_POOL_SIZE: size });
  const pair = await service.client.newcomer();
  const rates = {
    me_per_second: await rate(service, repeatedly('/users/me', pair)),
    sessions_per_second: await rate(service, repeatedly('/auth/sessions', pair)),
    refresh_per_second: await rate(service, await refreshes(service)),
    login_per_second: await rate(service, await loggingIn(service)),
  };
  report(`DATABASE_POOL_SIZE=${size}`, rates);
  expect(rates.me_per_second).toBeGreaterThan(0);
});

it.each(['1', '2', '4', '8'])('UV_THREADPOOL_SIZE=%s', async (threads) => {
  const service = await start({ UV_THREADPOOL_SIZE: threads });
  const perSecond = await rate(service, await loggingIn(service));
  report(`UV_THREADPOOL_SIZE=${threads}`, { login_per_second: perSecond });
  expect(perSecond).toBeGreaterThan(0);
});
