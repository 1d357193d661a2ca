import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLog } from '../support/service/built.js';
import { Deployment } from '../support/service/deployment.js';
import { eventually, type Exit, type ServiceProcess } from '../support/service/process.js';

const CLIENTS = 20;
const EVERY_MS = 5;
const EXIT_WITHIN_MS = 5000;

let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.open();
});
afterAll(() => deployment.close());

interface Outcome {
  readonly id: string;
  readonly status?: number | undefined;
  /** The system's error code. */
  readonly failure?: string;
  readonly onNewConnection: boolean;
}

/** Sends two hundred requests a second over kept-alive connections, each tenth a refresh, until the port is closed. */
async function loadUntilRefused(service: ServiceProcess): Promise<Outcome[]> {
  const { access_token: token, refresh_token: refreshToken } = await service.client.newcomer();
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const outcomes: Outcome[] = [];
  let sent = 0;
  const one = (): void => {
    const id = `load-${++sent}`;
    const isRefresh = sent % 10 === 0;
    const asked = request(
      new URL(isRefresh ? '/auth/refresh' : '/auth/verify', service.url),
      { agent, method: isRefresh ? 'POST' : 'GET', headers: { ...headers, 'x-request-id': id } },
      (answer) => {
        const end = (): number =>
          outcomes.push({
            id,
            status: answer.complete ? answer.statusCode : 0,
            onNewConnection: !asked.reusedSocket,
          });
        answer.resume().once('close', end);
      },
    );
    asked.once('error', ({ code }: NodeJS.ErrnoException) =>
      outcomes.push({ id, failure: code ?? 'unknown', onNewConnection: !asked.reusedSocket }),
    );
    asked.end(isRefresh ? JSON.stringify({ refresh_token: refreshToken }) : undefined);
  };
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (!outcomes.some(({ failure }) => failure === 'ECONNREFUSED')) one();
      else if (outcomes.length === sent) resolve(clearInterval(timer));
    }, EVERY_MS);
  });
  agent.destroy();
  return outcomes;
}

/** A request whose body is sent in two parts, the second when the test releases it. */
async function slowRequest(service: ServiceProcess): Promise<{ finish(): Promise<string> }> {
  const body = JSON.stringify({ refresh_token: 'garbage' });
  const socket = await open(service);
  const head = ['POST /auth/refresh HTTP/1.1', 'host: x', 'content-type: application/json'];
  socket.write([...head, `content-length: ${body.length}`, '', body.slice(0, 1)].join('\r\n'));
  return {
    finish: () =>
      new Promise((resolve) => {
        let answer = '';
        socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
        socket.once('close', () => resolve(answer));
        socket.write(body.slice(1));
      }),
  };
}

async function open(service: ServiceProcess): Promise<Socket> {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
}

async function isRefused(service: ServiceProcess): Promise<boolean> {
  const socket = await open(service);
  const refused = socket.destroyed;
  socket.destroy();
  return refused;
}

/** The exit of a signalled service, which is killed if it takes too long. */
async function exitOf(service: ServiceProcess): Promise<Exit> {
  const timer = setTimeout(() => service.signal('SIGKILL'), EXIT_WITHIN_MS);
  const exit = await service.exited;
  clearTimeout(timer);
  return exit;
}

interface Stop {
  readonly outcomes: Outcome[];
  readonly slow: string;
  readonly readiness: number | undefined;
  readonly exit: Exit;
}

async function stopUnderLoad(seconds: number): Promise<Stop> {
  const service = await deployment.start({ env: { SHUTDOWN_DELAY_SECONDS: String(seconds) } });
  const slowly = await slowRequest(service);
  const load = loadUntilRefused(service);
  await service.until(({ stdout }) => stdout.split('"route":"/auth/verify"').length > 50);
  service.signal('SIGTERM');
  await service.until(({ stdout }) => stdout.includes('"msg":"stopping"'));
  const readiness = seconds > 0 ? (await service.client.get('/health/ready')).status : undefined;
  service.signal('SIGTERM');
  await eventually(EXIT_WITHIN_MS, () => isRefused(service));
  const slow = await slowly.finish();
  const outcomes = await load;
  return { outcomes, slow, readiness, exit: await exitOf(service) };
}

/**
 * The failed requests, without those that never reached the service: a balancer retries a connection that was refused,
 * or that the system dropped before the service accepted it.
 */
function failed({ outcomes, exit }: Stop): Outcome[] {
  const seen = (id: string): boolean => exit.stdout.includes(`"request_id":"${id}"`);
  return outcomes.filter(
    ({ id, status, onNewConnection }) =>
      status !== 200 && !(status === undefined && onNewConnection && !seen(id)),
  );
}

describe('a service that is asked to stop under load', () => {
  let hasty: Stop;
  let patient: Stop;

  beforeAll(async () => {
    [hasty, patient] = await Promise.all([stopUnderLoad(0), stopUnderLoad(1)]);
  });

  it('fails no request, whether or not it gives the balancer time', () => {
    expect(failed(hasty)).toEqual([]);
    expect(failed(patient)).toEqual([]);
    expect(patient.outcomes.filter(({ status }) => status === 200).length).toBeGreaterThan(100);
  });

  it('finishes a request whose body was still arriving, and announces that it closes the connection', () => {
    for (const { slow } of [hasty, patient]) {
      expect(slow).toMatch(/^HTTP\/1\.1 401 [^]*connection: close\r\n[^]*refresh_token_invalid/i);
    }
  });

  it('reports that it is not ready while it still serves', () => {
    expect(patient.readiness).toBe(503);
  });

  it('exits with status 0 after any number of signals', () => {
    for (const { exit } of [hasty, patient]) {
      expect(exit).toMatchObject({ code: 0, signal: null, stderr: expect.not.stringMatching(/error|warn/i) });
      expect(exit.stdout.match(/"msg":"stopping"/g)).toHaveLength(1);
      expect(exit.stdout).toContain('"msg":"stopped"');
    }
  });
});

describe('a service that is asked to stop', () => {
  it('exits while clients are connected that send no request or only part of one', async () => {
    const service = await deployment.start();
    await open(service);
    (await open(service)).write('GET /health/live HTTP/1.1\r\nhost: x\r\n');
    service.signal('SIGTERM');
    expect(await exitOf(service)).toMatchObject({ code: 0, signal: null });
  });

  it('does not wait for answers to clients that left before it stopped', async () => {
    const service = await deployment.start();
    const gone = await open(service);
    gone.write(
      'POST /auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    await service.client.get('/health/live');
    gone.destroy();
    (await open(service)).write('GET /health/live HTTP/1.1\r\nhost: x\r\n');
    await service.client.get('/health/live');
    service.signal('SIGTERM');
    expect(await exitOf(service)).toMatchObject({ code: 0, signal: null });
  });
});

describe('a crash', () => {
  const mark = 'hunter2';
  // TypeORM's errors carry the parameters of their query and the options of their connection.
  const script = `const crash = () =>
      Object.assign(new Error('out of luck'), { parameters: [process.env.MARK], options: { password: process.env.MARK } });
    process.on('SIGUSR2', () => { throw crash(); });
    process.on('SIGHUP', () => { void Promise.reject(crash()); });`;

  let exits: Exit[];

  beforeAll(async () => {
    const faulty = join(deployment.folder, 'faulty.mjs');
    await writeFile(faulty, script);
    const crash = async (signal: NodeJS.Signals, format: string): Promise<Exit> => {
      const service = await deployment.start({
        env: { LOG_FORMAT: format, MARK: mark },
        nodeOptions: ['--import', faulty],
      });
      service.signal(signal);
      return service.exited;
    };
    exits = await Promise.all([crash('SIGUSR2', 'json'), crash('SIGHUP', 'pretty')]);
  });

  it('by an exception or a rejection is logged, as JSON and as text', () => {
    for (const { code, stdout } of exits) {
      expect(code).toBe(1);
      expect(stdout).toMatch(/crashed/);
      expect(stdout).toMatch(/out of luck/);
    }
  });

  it('logs no property of the error and no credential of the database', () => {
    const { password } = deployment.target;
    for (const { stdout, stderr } of exits) {
      for (const secret of [mark, password, encodeURIComponent(password)]) {
        expect(stdout + stderr).not.toContain(secret);
      }
    }
  });

  it('omits the message of a data error, which quotes the value, also when it is a cause', () => {
    let text = '';
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const cause = Object.assign(new Error(`invalid input syntax for type uuid: "${mark}"`), {
      code: '22P02',
    });
    const log = createLog({ level: 'info', format: 'json', destination });
    log.fatal({ err: cause }, 'crashed');
    log.fatal({ err: new Error('out of luck', { cause }) }, 'crashed');
    expect(text.match(/crashed/g)).toHaveLength(2);
    expect(text).not.toContain(mark);
  });
});
