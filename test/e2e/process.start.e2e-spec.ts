import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { migrate } from '../support/service/built.js';
import { createEmptyDatabase, testServer, urlOf } from '../support/database/database.js';
import { type Exit, killProcesses, newFolder, runProcess, startProcess } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';

const EX_CONFIG = 78;

const mark = 'hunter2';
const tidy: Array<() => Promise<unknown>> = [killProcesses];

afterAll(async () => {
  for (const work of tidy) await work();
});

async function folder(): Promise<string> {
  const made = await newFolder();
  tidy.push(() => made.remove());
  return made.path;
}

async function emptyDatabase(): Promise<string> {
  const made = await createEmptyDatabase();
  tidy.push(() => made.drop());
  return made.url;
}

interface Refused extends Exit {
  readonly folder: string;
}

async function refused(env: (path: string) => Record<string, string>, dotenv?: string): Promise<Refused> {
  const path = await folder();
  if (dotenv !== undefined) await writeFile(join(path, '.env'), dotenv);
  return { ...(await runProcess({ folder: path, env: env(path) })), folder: path };
}

let faulty: Refused;
let secretless: Refused;
let unreachable: Refused;

beforeAll(async () => {
  const faults = (path: string) => ({
    SECRET_KEY: mark,
    SECRET_KEY_FILE: join(path, mark),
    DATABASE_URL: `mysql://root:${mark}@localhost/base`,
    CORS_ORIGINS: '*',
    JWT_ISSUER: mark,
  });
  // The server refuses an unknown setting at once; the service does not wait and retry.
  const wrong = new URL(urlOf(testServer()));
  wrong.searchParams.set('options', '-c no_such_thing=1');
  [faulty, secretless, unreachable] = await Promise.all([
    refused(faults, `JWT_ALGORITHM = "none" # ${mark}\nACCESS_TOKEN_EXPIRE_MINUTES=0\n`),
    refused(() => ({ NODE_ENV: 'production', DATABASE_URL: urlOf(testServer()) })),
    refused(() => ({ SECRET_KEY: newSecret(), DATABASE_URL: wrong.href })),
  ]);
});

describe('a start with faulty settings', () => {
  it('exits with status 78 and never listens', () => {
    expect(faulty).toMatchObject({ code: EX_CONFIG, stdout: '' });
  });

  it.each([
    'JWT_ALGORITHM must be one of HS256',
    'ACCESS_TOKEN_EXPIRE_MINUTES must be a whole number of minutes',
    'SECRET_KEY is 7 bytes long',
    'DATABASE_URL must be a URL',
    'CORS_ORIGINS must list origins',
    'JWT_ISSUER must be a URL',
    'SECRET_KEY_FILE and SECRET_KEY are both set',
  ])('reports among the other faults: %s', (fault) => {
    expect(faulty.stderr).toContain(fault);
  });

  it('never shows a value', () => {
    expect(faulty.stderr).not.toContain(mark);
  });
});

describe('a start in production', () => {
  it('without a SECRET_KEY exits with status 78, names it and generates nothing', async () => {
    expect(secretless.code).toBe(EX_CONFIG);
    expect(secretless.stderr).toMatch(/^ {2}SECRET_KEY is missing/m);
    expect(await readdir(secretless.folder)).toEqual([]);
  });
});

describe('a start with a name that is nearly a setting, and with a value that a # cuts', () => {
  it('warns of both by name, once', async () => {
    const path = await folder();
    await writeFile(join(path, '.env'), 'JWT_AUDIENCE=tasks#1\nJWT_ALGORITM=ES384\n');
    const env = { SECRET_KEY: newSecret(), DATABASE_URL: await emptyDatabase() };
    const service = await startProcess({ folder: path, env });
    const warned = service.log.filter(({ level }) => level === 'warn');
    expect(warned.map(({ setting }) => setting)).toEqual(['JWT_AUDIENCE', 'JWT_ALGORITM']);
    await service.stop();
  });
});

describe('a start that cannot reach its database', () => {
  it('exits with a message that names DATABASE_URL and omits its password', () => {
    expect(unreachable.code).toBe(69);
    expect(unreachable.stderr).toMatch(/database .*42704.*DATABASE_URL/);
    expect(unreachable.stderr + unreachable.stdout).not.toContain(testServer().password);
  });

  it('fails at once when waiting cannot help', async () => {
    const target = { ...testServer(), host: '127.0.0.1', port: 1 };
    const pool = { poolSize: 1, connectTimeoutMs: 1000, statementTimeoutMs: 1000 };
    await expect(migrate(target, pool, { waitMs: 0 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('a first start on a port in use', () => {
  let taken: Server;
  let env: Record<string, string>;
  let path: string;
  let exit: Exit;

  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    path = await folder();
    env = { SECRET_KEY: newSecret(), DATABASE_URL: await emptyDatabase() };
    const { port } = taken.address() as AddressInfo;
    exit = await runProcess({ folder: path, env: { ...env, PORT: String(port) } });
    taken.close();
  });

  it('fails with a message about the port, not the database', () => {
    expect(exit.code).toBeGreaterThan(0);
    expect(exit.stderr).toMatch(/PORT|EADDRINUSE|in use/);
    expect(exit.stderr).not.toMatch(/database/i);
  });

  it('keeps the administrator: this start or the next one shows the generated password', async () => {
    const service = await startProcess({ folder: path, env });
    const shown = /password {3}(\S+)/.exec(exit.stderr + service.stderr)?.[1];
    expect(shown).toBeDefined();
    await service.client.login({ username: 'admin', password: shown ?? '' });
    expect(exit.stdout + service.stdout).not.toContain(shown);
    await service.stop();
  });
});

describe('a first administrator with a very common password', () => {
  it('stops the start with status 78 and names the settings, not the value', async () => {
    const database = await createEmptyDatabase();
    const settings = { BOOTSTRAP_ADMIN_EMAIL: 'root@example.com', BOOTSTRAP_ADMIN_PASSWORD: 'password123' };
    const exit = await refused(() => ({ SECRET_KEY: newSecret(), DATABASE_URL: database.url, ...settings }));
    await database.drop();
    expect(exit.code).toBe(EX_CONFIG);
    expect(exit.stdout).not.toContain('listening');
    expect(exit.stderr).toContain('BOOTSTRAP_ADMIN_PASSWORD');
    expect(exit.stderr + exit.stdout).not.toContain('password123');
  });
});
