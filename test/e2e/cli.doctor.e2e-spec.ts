import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../support/service/cli.js';
import {
  createDatabase,
  createEmptyDatabase,
  urlOf,
  type TestDatabase,
} from '../support/database/database.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { newSecret, startServer } from '../support/service/server.js';

interface Finding {
  readonly about: string;
  readonly state: string;
  readonly says: string;
  readonly fix?: string;
}

const SECRET = newSecret();

let folder: Folder;
let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await newFolder();
  database = await createDatabase();
  const settings = { SECRET_KEY: SECRET, JWT_ALGORITHM: 'ES256' };
  const server = await startServer({ env: settings, database });
  await server.close();
  env = { ...settings, DATABASE_URL: urlOf(database.target) };
});
afterAll(async () => {
  await database.drop();
  await folder.remove();
});

async function doctor(change: Record<string, string> = {}, nodeOptions: string[] = []) {
  const { status, stdout, stderr } = await runCli(['doctor', '--json'], {
    folder: folder.path,
    env: { ...env, ...change },
    nodeOptions,
  });
  expect(stderr).toBe('');
  expect(stdout).not.toContain(SECRET);
  const findings = JSON.parse(stdout) as Finding[];
  const about = (name: string) => findings.find((finding) => finding.about === name);
  return { status, findings, about };
}

describe('latchkey doctor', () => {
  it('reports only good findings for a healthy service, and exits with 0', async () => {
    const { status, findings } = await doctor();
    expect(status).toBe(0);
    expect(findings.map(({ about, state }) => [about, state])).toEqual(
      [
        'settings',
        'CORS_ORIGINS',
        'TRUSTED_PROXIES',
        'database',
        'clock',
        'migrations',
        'keys',
        'addresses',
      ].map((about) => [about, 'good']),
    );
  });

  it('prints each fault with its remedy', async () => {
    const { status, stdout } = await runCli(['doctor'], { folder: folder.path });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAULT {2}SECRET_KEY {6}SECRET_KEY is missing/);
    expect(stdout).toMatch(
      /\n {23}-> printf "SECRET_KEY=%s\\n" "\$\(openssl rand -hex 32\)" >> \.env\.local\n$/,
    );
  });

  it('names every setting that is wrong, weak or missing, and writes no file', async () => {
    const { status, findings } = await doctor({
      SECRET_KEY: 'changeme',
      PORT: 'abc',
      JWT_LEEWAY_SECONDS: '61',
    });
    expect(status).toBe(1);
    expect(findings.map(({ about, state }) => [about, state]).sort()).toEqual([
      ['JWT_LEEWAY_SECONDS', 'fault'],
      ['PORT', 'fault'],
      ['SECRET_KEY', 'fault'],
    ]);
    expect(findings.every(({ fix }) => fix !== undefined)).toBe(true);
    expect(existsSync(join(folder.path, '.env.local'))).toBe(false);
  });

  it('finds a database that does not answer', async () => {
    const { status, about } = await doctor({ DATABASE_URL: 'postgresql://a:hidden@127.0.0.1:1/none' });
    expect(status).toBe(1);
    expect(about('database')).toMatchObject({ state: 'fault', fix: expect.stringContaining('DATABASE_URL') });
    expect(JSON.stringify(about('database'))).not.toContain('hidden');
  });

  it('finds migrations that have not run, and runs none', async () => {
    const empty = await createEmptyDatabase();
    for (let run = 0; run < 2; run++) {
      const { about } = await doctor({ DATABASE_URL: empty.url });
      expect(about('migrations')).toMatchObject({
        state: 'risk',
        says: expect.stringMatching(/pending: Initial/),
        fix: expect.stringContaining('latchkey -- migrate'),
      });
    }
    await empty.drop();
  });

  it('finds a clock that differs from the clock of the database', async () => {
    const shim = 'const now = Date.now; Date.now = () => now() - 90_000;';
    const { status, about } = await doctor({}, [
      '--import',
      `data:text/javascript,${encodeURIComponent(shim)}`,
    ]);
    expect(status).toBe(0);
    expect(about('clock')).toMatchObject({
      state: 'risk',
      says: expect.stringMatching(/^this machine is (89\.\d|90\.\d) s behind the database$/),
      fix: expect.stringContaining('NTP'),
    });
  });

  it('finds a signing key that the settings cannot decrypt', async () => {
    const { status, about } = await doctor({ SECRET_KEY: newSecret() });
    expect(status).toBe(1);
    expect(about('keys')).toMatchObject({
      state: 'fault',
      fix: expect.stringContaining('SECRET_KEY_PREVIOUS'),
    });
    const opened = await doctor({ SECRET_KEY: newSecret(), SECRET_KEY_PREVIOUS: SECRET });
    expect(opened.about('keys')).toMatchObject({ state: 'good' });
  });

  it('finds that APIs hold the root of all internal keys, as long as ROOT_SECRET is not another secret', async () => {
    const shared = await doctor({ JWT_ALGORITHM: 'HS256' });
    expect(shared.about('ROOT_SECRET')).toMatchObject({
      state: 'risk',
      says: expect.stringContaining('APIs need SECRET_KEY for HS256'),
      fix: expect.stringContaining('set ROOT_SECRET to another secret'),
    });
    const apart = await doctor({ JWT_ALGORITHM: 'HS256', ROOT_SECRET: newSecret() });
    expect(apart.about('ROOT_SECRET')).toBeUndefined();
  });

  it('finds faults of production: an issuer or origins without TLS, every address or no address trusted as a proxy', async () => {
    const production = { NODE_ENV: 'production', CORS_ORIGINS: 'http://app.example' };
    const noProxy = await doctor({ ...production, JWT_ISSUER: 'http://id.example' });
    expect(noProxy.status).toBe(0);
    for (const name of ['JWT_ISSUER', 'CORS_ORIGINS', 'TRUSTED_PROXIES']) {
      expect(noProxy.about(name)).toMatchObject({ state: 'risk', fix: expect.any(String) });
    }
    const everyAddress = await doctor({ ...production, TRUSTED_PROXIES: '10.0.0.1,0.0.0.0/0' });
    expect(everyAddress.status).toBe(1);
    expect(everyAddress.about('TRUSTED_PROXIES')).toMatchObject({ state: 'fault' });
  });

  it('finds that all sessions come from one address, as behind a proxy that is not trusted', async () => {
    const own = await createDatabase();
    const server = await startServer({ env: { SECRET_KEY: SECRET, JWT_ALGORITHM: 'ES256' }, database: own });
    const { id, access_token: token } = await server.client.newcomer();
    const { body: sessions } = await server.client.get<Array<{ id: string }>>('/auth/sessions', { token });
    await server.close();
    await own.query(
      `INSERT INTO sessions SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(),
         'refresh_token_id', gen_random_uuid()))).* FROM sessions s, generate_series(2, 200) WHERE s.id = $1`,
      [sessions[0]?.id],
    );
    const change = { DATABASE_URL: urlOf(own.target) };
    expect((await doctor(change)).about('addresses')).toMatchObject({
      state: 'risk',
      says: 'the newest 200 sessions all came from 127.0.0.1',
      fix: expect.stringContaining('TRUSTED_PROXIES'),
    });
    await own.query(`UPDATE sessions SET ip = '198.51.100.7' WHERE user_id = $1 AND id = $2`, [
      id,
      sessions[0]?.id,
    ]);
    expect((await doctor(change)).about('addresses')).toMatchObject({ state: 'good' });
    await own.drop();
  });

  it('creates no database before the first start', async () => {
    const empty = await newFolder();
    const { status, stdout } = await runCli(['doctor'], { folder: empty.path, env: { SECRET_KEY: SECRET } });
    expect(status).toBe(0);
    expect(stdout).toContain('the first start creates one');
    expect(existsSync(join(empty.path, '.data'))).toBe(false);
    await empty.remove();
  });
});
