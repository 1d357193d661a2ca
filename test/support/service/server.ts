import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { RevocationFeed, createApp, createLog, loadConfig } from './built.js';
import type { Config } from '../../../src/platform/config/config.js';
import { WIDE_LIMITS } from './process.js';
import { Client } from '../http/client.js';
import { TestClock } from './clock.js';
import { workerDatabase, type TestDatabase } from '../database/database.js';
import { freePort } from './free-port.js';

export interface TestServerOptions {
  /** Settings by name, which override the defaults of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Makes the service's real URL its issuer, for clients that begin with its metadata. */
  readonly ownIssuer?: boolean;
  /** Another server's database, which makes this server a second instance of that service. */
  readonly database?: TestDatabase;
}

/** A running service with the production set-up, real HTTP, an empty database and a clock that tests can move. */
export interface TestServer {
  readonly url: string;
  readonly client: Client;
  readonly app: NestFastifyApplication;
  readonly config: Config;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  readonly secret: string;
  /** Every line of the log so far, parsed. */
  readonly log: Array<Record<string, unknown>>;
  /** Moves the time and lets the revocation feed catch up, as it would in real time. */
  move(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Moves the time forward for the limits, whose library reads the machine's clock. */
export async function waitOut({ database }: TestServer, milliseconds: number): Promise<void> {
  await database.query('UPDATE rate_limits SET expire = expire - $1', [milliseconds]);
}

/** A random secret, so that tests need neither a file nor the environment. */
export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

/**
 * One secret for the servers of a test file: they share the worker's database, whose keys are encrypted under it. The
 * database is emptied at each start, but a server that is still running may add a key afterwards.
 */
const SECRET_OF_FILE = newSecret();

/**
 * Starts a service in this process. Each has its own database, unless the option `database` makes it a second instance.
 * Tests that kill instances start processes instead, see process.ts.
 */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const secret = options.env?.['SECRET_KEY'] ?? SECRET_OF_FILE;
  const port = options.ownIssuer ? await freePort() : 0;
  const config = loadConfig({
    PORT: '0',
    JWT_ISSUER: port === 0 ? 'http://localhost:3000' : `http://127.0.0.1:${port}`,
    SECRET_KEY: secret,
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_TIME: '1',
    LOG_LEVEL: 'debug',
    LOG_FORMAT: 'json',
    DATABASE_POOL_SIZE: '20',
    ...WIDE_LIMITS,
    ...options.env,
  });
  const database = options.database ?? (await workerDatabase());
  const clock = new TestClock();
  const log: Array<Record<string, unknown>> = [];
  const app = await createApp({
    config,
    target: database.target,
    clock,
    log: createLog({ ...config.log, destination: collect(log) }),
  });
  await app.listen(port, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    client: new Client(url),
    app,
    config,
    clock,
    database,
    secret,
    log,
    move: async (milliseconds) => {
      clock.move(milliseconds);
      await app.get(RevocationFeed).catchUp();
    },
    close: async () => {
      // After an aborted answer Node's fetch opens a new connection and leaves it unused.
      const sweep = setInterval(() => app.getHttpServer().closeAllConnections(), 50);
      await app.close();
      clearInterval(sweep);
      if (!options.database) await database.drop();
    },
  };
}

function collect(lines: Array<Record<string, unknown>>): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) {
        if (line !== '') lines.push(JSON.parse(line) as Record<string, unknown>);
      }
      done();
    },
  });
}
