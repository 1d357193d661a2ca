import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person } from '../support/http/client.js';
import { Deployment } from '../support/service/deployment.js';
import type { ServiceProcess } from '../support/service/process.js';
import { median, report } from './report.js';

/** Logins sent before the first answer. */
const IN_FLIGHT = 2000;
const ACCOUNTS = 50;
const VERIFIERS = 4;
const QUIET_MS = 5000;

let deployment: Deployment;
let service: ServiceProcess;

beforeAll(async () => {
  deployment = await Deployment.open();
  service = await deployment.start({ env: { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME: '2' } });
});
afterAll(() => deployment.close());

function send(agent: Agent, method: string, path: string, headers: object, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(service.url + path, { method, agent, headers: { ...headers } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).end(body);
  });
}

/** Verifies a token on a few connections until it is stopped; returns the duration of each request in milliseconds. */
function verifying(token: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: VERIFIERS });
  const end = new AbortController();
  const times: number[] = [];
  const worker = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const start = performance.now();
      expect(await send(agent, 'GET', '/auth/verify', { authorization: `Bearer ${token}` })).toBe(200);
      times.push(performance.now() - start);
      await delay(5);
    }
  };
  const workers = Array.from({ length: VERIFIERS }, worker);
  return async (): Promise<number[]> => {
    end.abort();
    await Promise.all(workers);
    agent.destroy();
    return times;
  };
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

/** Peak memory of the process in MiB; only on Linux. */
function peakMemory(): number {
  const { pid } = service;
  const [, kib = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

it('two thousand concurrent logins during the verification of tokens', async () => {
  const people: Person[] = [];
  for (let index = 0; index < ACCOUNTS; index++) people.push(await service.client.register());
  const [first] = people;
  if (!first) throw new Error('no user registered');
  const { access_token: token } = await service.client.login(first);
  const quiet = verifying(token);
  await delay(QUIET_MS);
  const before = await quiet();

  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const storm = verifying(token);
  const start = performance.now();
  const refusals: number[] = [];
  const statuses = await Promise.all(
    Array.from({ length: IN_FLIGHT }, async (_, index) => {
      const { username, password } = people[index % ACCOUNTS] ?? first;
      const body = JSON.stringify({ username, password });
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = performance.now();
      const status = await send(agent, 'POST', '/auth/login', headers, body);
      if (status !== 200) refusals.push(performance.now() - sent);
      return status;
    }),
  );
  const took = performance.now() - start;
  const during = await storm();
  agent.destroy();
  const count = (status: number) => statuses.filter((one) => one === status).length;
  expect(count(200) + count(503)).toBe(IN_FLIGHT);
  report('a storm of logins beside the verification of tokens', {
    logins_in_flight: IN_FLIGHT,
    answered_200: count(200),
    answered_503: count(503),
    seconds: took / 1000,
    median_ms_until_a_refusal: median(refusals),
    peak_memory_mib: peakMemory(),
    verify_p50_ms_quiet: percentile(before, 0.5),
    verify_p50_ms_storm: percentile(during, 0.5),
    verify_p99_ms_quiet: percentile(before, 0.99),
    verify_p99_ms_storm: percentile(during, 0.99),
    ratio_p99: percentile(during, 0.99) / percentile(before, 0.99),
  });
});
