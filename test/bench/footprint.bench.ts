import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Folder, killProcesses, newFolder, startProcess } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { getRequest, load, refreshing } from './load.js';
import { median, report } from './report.js';

const STARTS = 10;
const CONNECTIONS = 32;
const LOAD_MS = 10_000;
const HELLO = `require('node:http').createServer((_, response) => response.end('hello'))
  .listen(0, '127.0.0.1', () => console.log('listening'))`;

let folder: Folder;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await newFolder();
  env = { SECRET_KEY: newSecret(), DATA_DIR: `${folder.path}/data`, LOG_LEVEL: 'info' };
  // The first start creates the database; the others use it.
  const first = await startProcess({ folder: folder.path, env });
  await first.stop();
});
afterAll(async () => {
  await killProcesses();
  await folder.remove();
});

/** All descendants of a process. */
function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
  return [...children, ...children.flatMap(descendants)];
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

/** Memory of a process in MiB, in which shared pages count by their share. */
function memoryMib(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
}

async function helloWorldMs(): Promise<number> {
  const from = performance.now();
  const child = spawn(process.execPath, ['-e', HELLO], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const took = performance.now() - from;
  child.kill();
  return took;
}

async function serviceMs(): Promise<number> {
  const from = performance.now();
  const service = await startProcess({ folder: folder.path, env });
  const took = performance.now() - from;
  expect((await service.stop()).code).toBe(0);
  return took;
}

it('a start on a warm data folder, beside a bare server', async () => {
  const rounds: Array<{ readonly hello: number; readonly service: number }> = [];
  for (let round = 0; round < STARTS; round++) {
    rounds.push({ hello: await helloWorldMs(), service: await serviceMs() });
  }
  report('start on a warm data folder', {
    starts: STARTS,
    ms_hello_world: median(rounds.map(({ hello }) => hello)),
    ms_service: median(rounds.map(({ service }) => service)),
    ms_service_longest: Math.max(...rounds.map(({ service }) => service)),
  });
});

it.each([
  ['as npm start has it', {}],
  ['as the image has it', { MALLOC_ARENA_MAX: '1' }],
])('memory, idle and after a load of everything, %s', async (how, allocator: Record<string, string>) => {
  // The allocator keeps the work memory of a hash.
  const hashes = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME: '2' };
  const service = await startProcess({ folder: folder.path, env: { ...env, ...hashes, ...allocator } });
  const { pid, url, client } = service;
  const database = (): number => descendants(pid).reduce((sum, child) => sum + memoryMib(child), 0);
  await delay(3000);
  const idle = { service: memoryMib(pid), database: database() };
  const pairs = await Promise.all(Array.from({ length: CONNECTIONS }, () => client.newcomer()));
  const server = { url, pid };
  for (const path of ['/auth/verify', '/users/me', '/auth/sessions']) {
    const chains = pairs.map(({ access_token: token }) => {
      const request = getRequest(path, { Authorization: `Bearer ${token}` });
      return () => request;
    });
    await load(server, chains, { milliseconds: LOAD_MS, status: 200 });
  }
  await load(server, refreshing(pairs)(), { milliseconds: LOAD_MS, status: 200 });
  report(`memory, ${how}`, {
    idle_mib: idle.service,
    idle_mib_of_the_embedded_database: idle.database,
    after_load_mib: memoryMib(pid),
    after_load_mib_of_the_embedded_database: database(),
  });
  await service.stop();
});
