import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEmptyDatabase, urlOf } from '../support/database/database.js';
import { Deployment } from '../support/service/deployment.js';
import { freePort } from '../support/service/free-port.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { eventually, type Exit, runProcess, type ServiceProcess } from '../support/service/process.js';

const CONNECTIONS = 8;
const HEALED_MS = 10_000;

let deployment: Deployment;
let service: ServiceProcess;
let metricsPort: number;
let client: KeepAliveClient;

beforeAll(async () => {
  metricsPort = await freePort();
  deployment = await Deployment.open({ env: { WEB_CONCURRENCY: '2', METRICS_PORT: String(metricsPort) } });
  service = await deployment.start();
  await service.until(() => started().length === 2);
  client = new KeepAliveClient(service.url, CONNECTIONS);
});
afterAll(async () => {
  client.close();
  await deployment.close();
});

/** The start of each worker so far, from the log. */
function started(): Array<Record<string, unknown>> {
  return service.log.filter(({ msg }) => msg === 'listening');
}

/** Sends a request over every connection at the same time; the workers share the connections. */
function verifyEverywhere(token: string): Promise<number[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => client.verify(token)));
}

/** The workers that have answered since a line of the log. */
function answering(since: number): Set<unknown> {
  const answers = service.log.slice(since).filter(({ msg }) => msg === 'request');
  return new Set(answers.map(({ worker }) => worker));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function refused(env: Readonly<Record<string, string>>): Promise<Exit> {
  return runProcess({ folder: deployment.folder, env: { ...deployment.env, ...env } });
}

describe('two workers', () => {
  it('answer at one address, each in a process of its own', async () => {
    expect(new Set(started().map(({ url }) => url)).size).toBe(1);
    expect(new Set(started().map(({ pid }) => pid)).size).toBe(2);
    const pair = await service.client.newcomer();
    const since = service.log.length;
    expect(await verifyEverywhere(pair.access_token)).toEqual(Array(CONNECTIONS).fill(200));
    await service.until(() => answering(since).size === 2);
  });

  it('both refuse a token within a second of its logout', async () => {
    const pair = await service.client.newcomer();
    await verifyEverywhere(pair.access_token);
    expect((await service.client.post('/auth/logout', { token: pair.access_token })).status).toBe(204);
    await eventually(1000, async () =>
      (await verifyEverywhere(pair.access_token)).every((status) => status === 401),
    );
  });

  it('serve their metrics each on its own port', async () => {
    for (const port of [metricsPort, metricsPort + 1]) {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      expect(await answer.text()).toContain('latchkey_ready 1');
    }
  });

  it('are two again after one was killed, while the other serves', async () => {
    const pair = await service.client.newcomer();
    const [victim] = started();
    process.kill(Number(victim?.['pid']), 'SIGKILL');
    await service.until(({ log }) => log.some(({ msg }) => String(msg).startsWith('a worker ended')));
    await eventually(HEALED_MS, () =>
      service.client.me(pair.access_token).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    await service.until(() => started().length === 3);
    expect(started()[2]).toMatchObject({ worker: victim?.['worker'] });
  });

  it('stop together and leave no process behind', async () => {
    const { code, signal } = await service.stop();
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(service.log.filter(({ msg }) => msg === 'stopped')).toHaveLength(2);
    expect(started().filter(({ pid }) => isAlive(Number(pid)))).toEqual([]);
  });
});

describe('a start in several processes', () => {
  it('fails as a whole and reports the reason once', async () => {
    const exit = await refused({ JWT_ISSUER: 'nowhere' });
    expect(exit.code).toBe(78);
    expect(exit.stderr.match(/JWT_ISSUER must be a URL/g)).toHaveLength(1);
  });

  it('fails as a whole when the first administrator is not acceptable', async () => {
    const database = await createEmptyDatabase();
    const settings = { BOOTSTRAP_ADMIN_EMAIL: 'root@example.com', BOOTSTRAP_ADMIN_PASSWORD: 'password123' };
    const exit = await refused({ DATABASE_URL: urlOf(database.target), ...settings });
    await database.drop();
    expect(exit.code).toBe(78);
  });

  it('ends when the first worker cannot start', async () => {
    const port = new URL(service.url).port;
    const taken = await deployment.start({ env: { WEB_CONCURRENCY: '1', PORT: port } });
    const { code, stderr } = await refused({ PORT: port, METRICS_PORT: '0' });
    expect([code, stderr]).toEqual([1, expect.stringContaining(`port ${port} of 127.0.0.1 cannot be used`)]);
    expect((await taken.stop()).code).toBe(0);
  });

  it('leaves no worker behind when the primary is killed', async () => {
    const killed = await deployment.start({ env: { METRICS_PORT: '0' } });
    const starts = () => killed.log.filter(({ msg }) => msg === 'listening');
    await killed.until(() => starts().length === 2);
    killed.signal('SIGKILL');
    await killed.exited;
    for (const { pid } of starts()) {
      await eventually(HEALED_MS, async () => !isAlive(Number(pid)));
    }
  });
});
