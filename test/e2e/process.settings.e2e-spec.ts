import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { urlOf } from '../support/database/database.js';
import { Deployment } from '../support/service/deployment.js';
import {
  type Exit,
  type Folder,
  newFolder,
  type ServiceProcess,
  startProcess,
} from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const FIRST_STARTS = 8;
const PARTS = fileURLToPath(new URL('../../dist/parts.js', import.meta.url));
const PASSWORD = /password {3}(\S+)/;

let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.open();
});
afterAll(() => deployment.close());

function file(name: string): string {
  return join(deployment.folder, name);
}

describe('the first start in a folder', () => {
  let first: Exit;
  let second: ServiceProcess;
  let pair: { access_token: string; refresh_token: string };

  beforeAll(async () => {
    await writeFile(file('.env.local'), '# mine\nJWT_AUDIENCE = "tasks"\n');
    const { folder } = deployment;
    const env = { DATABASE_URL: urlOf(deployment.target) };
    const service = await startProcess({ folder, env: { ...env, LOG_FORMAT: 'pretty' } });
    const password = PASSWORD.exec(service.stdout)?.[1] ?? '';
    const restricted = await service.client.login({ username: 'admin', password });
    const json = { current_password: password, new_password: 'a ship is safe in harbour' };
    await service.client.request('PUT', '/users/me/password', { token: restricted.access_token, json });
    pair = (await service.client.refresh(restricted.refresh_token)).body;
    first = await service.stop();
    second = await startProcess({ folder, env });
  });

  it('appends a secret to .env.local, readable by its owner only', async () => {
    expect(await readFile(file('.env.local'), 'utf8')).toMatch(
      /^# mine\nJWT_AUDIENCE = "tasks"\nSECRET_KEY=[0-9a-f]{64}\n$/,
    );
    expect((await stat(file('.env.local'))).mode & 0o777).toBe(0o600);
  });

  it('shows where the secret is, never the secret itself', async () => {
    const secret = /SECRET_KEY=(\w+)/.exec(await readFile(file('.env.local'), 'utf8'))?.[1] ?? '';
    expect(first.stdout).toContain(`new SECRET_KEY written to ${file('.env.local')}`);
    expect(first.stdout + first.stderr + second.stdout + second.stderr).not.toContain(secret);
  });

  it('shows the first administrator’s password once, on the terminal', () => {
    expect(first.stdout.match(new RegExp(PASSWORD, 'g'))).toHaveLength(1);
    expect(first.stderr).toBe('');
  });

  it('is followed by starts that show no password and write no secret', async () => {
    expect(second.stdout + second.stderr).not.toMatch(/password {3}|new SECRET_KEY/);
    expect((await readFile(file('.env.local'), 'utf8')).match(/SECRET_KEY/g)).toHaveLength(1);
  });

  it('is followed by starts that accept its tokens', async () => {
    expect((await second.client.me(pair.access_token)).status).toBe(200);
    expect((await second.client.refresh(pair.refresh_token)).status).toBe(200);
    expect(decode(pair.access_token).claims['aud']).toBe('tasks');
  });
});

/** A process that waits before it first reads its settings, and the settings it reads after its release. */
async function aboutToStart(path: string): Promise<() => Promise<[string, boolean]>> {
  const script = `const { parts: { readEnvironment } } = await import(${JSON.stringify(PARTS)});
    process.stdout.write('ready');
    process.stdin.resume().once('end', async () => {
      const { environment, generatedInto } = await readEnvironment();
      process.stdout.write(JSON.stringify([environment.SECRET_KEY, generatedInto !== undefined]));
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: path,
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.end();
    await ended;
    return JSON.parse(output.replace('ready', '')) as [string, boolean];
  };
}

describe('eight first starts at the same moment', () => {
  it('share one secret, made by one of them', async () => {
    const shared = await newFolder();
    const starts = await Promise.all(Array.from({ length: FIRST_STARTS }, () => aboutToStart(shared.path)));
    const answers = await Promise.all(starts.map((start) => start()));
    expect(new Set(answers.map(([secret]) => secret)).size).toBe(1);
    expect(answers.filter(([, made]) => made)).toHaveLength(1);
    await shared.remove();
  });
});

describe('a start beside hostile settings files', () => {
  let service: ServiceProcess;
  let output: string;
  let other: Folder;

  beforeAll(async () => {
    other = await newFolder();
    const hostile = [
      'SECRET_KEY=changeme\nJWT_ALGORITHM=none\nACCESS_TOKEN_EXPIRE_SECONDS=-1\nLOG_FORMAT=xml\nPORT=abc',
      'DATABASE_URL=postgresql://nobody:nothing@127.0.0.1:1/none\nJWT_ISSUER=:\nARGON2_TIME=0',
      'NODE_OPTIONS=--no-such-option\n%%%\n=\nA B C\n"\n__proto__=1\nconstructor=2',
    ].join('\n');
    await writeFile(join(other.path, '.env'), hostile);
    await writeFile(join(other.path, '.env.local'), hostile);
    service = await startProcess({
      folder: other.path,
      env: {
        SECRET_KEY: newSecret(),
        JWT_ALGORITHM: 'HS384',
        ACCESS_TOKEN_EXPIRE_SECONDS: '2',
        JWT_ISSUER: 'https://id.example',
        DATABASE_URL: urlOf(deployment.target),
      },
    });
    output = service.stdout + service.stderr;
  });
  afterAll(async () => {
    await service.stop();
    await other.remove();
  });

  it('takes every setting from the process environment', async () => {
    const { access_token: token } = await service.client.newcomer();
    const { header, claims } = decode(token);
    expect(header['alg']).toBe('HS384');
    expect(claims).toMatchObject({ iss: 'https://id.example', exp: Number(claims['iat']) + 2 });
    expect(output).not.toContain('nothing');
  });

  it('refuses a two-second token after three seconds, and using it does not move its exp', async () => {
    const { access_token: token } = await service.client.newcomer();
    const until = Date.now() + 3000;
    expect((await service.client.me(token)).status).toBe(200);
    // Its times are whole seconds, so it lives between one and two seconds.
    await delay(500);
    expect((await service.client.me(token)).status).toBe(200);
    await delay(until - Date.now());
    const { status, headers } = await service.client.me(token);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="Token has expired"',
    );
  });
});
