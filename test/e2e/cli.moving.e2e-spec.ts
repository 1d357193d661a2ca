import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runInside } from '../support/service/cli.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { FIREBASE, PASSWORD } from '../vectors/foreign-hashes.js';

const EXPORTS = 'test/support/exports';
const BORN = '2024-01-02T03:04:05';

let server: TestServer;
let folder: Folder;
let project: string;

beforeAll(async () => {
  folder = await newFolder();
  server = await startServer({});
  project = join(folder.path, 'project.json');
  await writeFile(project, JSON.stringify(FIREBASE.project));
});
afterEach(() => server.database.query('DELETE FROM users'));
afterAll(async () => {
  await server.close();
  await folder.remove();
});

/** The first user of each file is ada@example.com with this password. */
const SYSTEMS = [
  {
    file: 'auth0.ndjson',
    password: 'password',
    ada: { username: 'ada', email_verified: true },
    bob: { status: 'disabled', full_name: 'Bob Ross' },
  },
  {
    file: 'supabase.csv',
    password: 'password',
    ada: {
      id: '4c3e1f6a-3f5e-4a53-9a0e-2d8f6b1c7e01',
      email_verified: true,
      full_name: 'Ada Lovelace',
      created_at: `${BORN}.678Z`,
    },
    bob: { status: 'disabled', password_hash: null, email_verified: false },
  },
  {
    file: 'firebase.json',
    password: FIREBASE.password,
    ada: { email_verified: true, full_name: 'Ada Lovelace', created_at: `${BORN}.678Z` },
    bob: { status: 'disabled', password_hash: null },
  },
  {
    file: 'firebase.csv',
    password: FIREBASE.password,
    ada: { email_verified: true, full_name: 'Lovelace, Ada', created_at: `${BORN}.678Z` },
  },
  {
    file: 'keycloak.json',
    password: PASSWORD,
    ada: {
      id: '0c2c5b8e-6f7f-4a83-9d3c-0b7a3e0f5a01',
      username: 'ada',
      full_name: 'Ada Lovelace',
      email_verified: true,
      created_at: `${BORN}.678Z`,
    },
    bob: { status: 'disabled', username: null, password_hash: null },
  },
  {
    file: 'wordpress.csv',
    password: 'admin',
    ada: { username: 'ada', full_name: 'Ada Lovelace', created_at: `${BORN}.000Z`, email_verified: false },
    bob: { username: null, full_name: 'bob ross' },
  },
  {
    file: 'django.json',
    password: PASSWORD,
    ada: { username: 'ada', full_name: 'Ada Lovelace', created_at: `${BORN}.678Z` },
    bob: { username: null, status: 'disabled', password_hash: null },
  },
  {
    file: 'aspnet.csv',
    password: 'my password',
    ada: { id: '0c2c5b8e-6f7f-4a83-9d3c-0b7a3e0f5b01', username: 'ada', email_verified: true },
    bob: { username: null, status: 'disabled', email_verified: false },
  },
  {
    file: 'spring.csv',
    password: 'password',
    ada: { username: 'ada', created_at: `${BORN}.678Z`, status: 'active' },
    bob: { username: null, status: 'disabled' },
  },
  {
    file: 'laravel.csv',
    password: 'password',
    ada: { full_name: 'Ada Lovelace', email_verified: true, created_at: `${BORN}.000Z` },
    bob: { email_verified: false },
  },
  {
    file: 'devise.csv',
    password: 'password',
    ada: { email_verified: true, created_at: `${BORN}.678Z` },
    bob: { password_hash: null, email_verified: false },
  },
  {
    file: 'better-auth.csv',
    password: PASSWORD,
    ada: { full_name: 'Ada Lovelace', email_verified: true, created_at: `${BORN}.678Z` },
    bob: { password_hash: null, email_verified: false },
  },
  {
    file: 'ldap.ldif',
    password: 'secret',
    ada: {
      id: '0c2c5b8e-6f7f-4a83-9d3c-0b7a3e0f5c01',
      username: 'ada',
      full_name: 'Ada Lovelace',
      created_at: `${BORN}.000Z`,
    },
    bob: { full_name: 'Bób Ross', status: 'disabled' },
  },
] as const;

async function stored(name: string): Promise<Record<string, unknown> | undefined> {
  const [user] = await server.database.query('SELECT * FROM users WHERE email = $1', [`${name}@example.com`]);
  return user && (JSON.parse(JSON.stringify(user)) as Record<string, unknown>);
}

async function login(username: string, password: string): Promise<number> {
  return (await server.client.post('/auth/login', { json: { username, password } })).status;
}

describe('the export of another system', () => {
  it.each(SYSTEMS)('is imported from $file: Ada logs in with the password she has', async (system) => {
    const format = system.file.replace(/\.\w+$/, '');
    const args = [
      'users',
      'import',
      join(EXPORTS, system.file),
      '--format',
      format,
      '--prove',
      'ada@example.com',
    ];
    const more = format === 'firebase' ? ['--firebase', project] : [];
    const { status, stdout, stderr } = await runInside(server, [...args, ...more], {
      password: system.password,
    });
    expect([status, stderr, stdout]).toEqual([0, '', expect.stringContaining(' 0 refused.')]);
    expect(await stored('ada')).toMatchObject(system.ada);
    if ('bob' in system) expect(await stored('bob')).toMatchObject(system.bob);
    expect(await login('ada@example.com', system.password)).toBe(200);
    expect(await stored('ada')).toMatchObject({ password_hash: expect.stringMatching(/^\$argon2id\$/) });
    // Again: the same users, none twice.
    const withoutProof = args.map((arg) => (arg === '--prove' ? '--without-proof' : arg)).slice(0, -1);
    const again = await runInside(server, [...withoutProof, ...more]);
    expect([again.status, again.stdout]).toEqual([0, expect.stringContaining(' 0 added, ')]);
  });

  it('is described in docs/moving.md and named by the help, for every format', async () => {
    const page = await readFile('docs/moving.md', 'utf8');
    const { stdout: help } = await runInside(server, ['users', 'import', '--help']);
    for (const { file } of SYSTEMS) {
      const format = file.replace(/\.\w+$/, '');
      expect(page).toContain(`--format ${format} `);
      expect(help).toMatch(new RegExp(`\\b${format}\\b`));
    }
  });

  it('has a sample for every format', () => {
    expect(readdirSync(EXPORTS).sort()).toEqual(SYSTEMS.map(({ file }) => file).sort());
  });

  it('with a weak digest is renewed at the first login', async () => {
    const path = join(EXPORTS, 'wordpress.csv');
    await runInside(server, ['users', 'import', path, '--format', 'wordpress', '--without-proof']);
    expect(await stored('carol')).toMatchObject({ password_hash: '{MD5}5f4dcc3b5aa765d61d8327deb882cf99' });
    expect(await login('carol', 'password')).toBe(200);
    expect(await stored('carol')).toMatchObject({ password_hash: expect.stringMatching(/^\$argon2id\$/) });
    expect(await login('bob@example.com', 'test12345')).toBe(200);
  });

  it('needs the parameters of the project for hashes of Firebase', async () => {
    const path = join(EXPORTS, 'firebase.json');
    const args = ['users', 'import', path, '--format', 'firebase', '--without-proof', '--json'];
    const { status, stdout } = await runInside(server, args);
    expect(status).toBe(1);
    expect(stdout).toContain('"field":"password_hash","reason":"unknown_hash"');
  });

  it('of an unknown system, or in a file of another kind, is refused with the names that are known', async () => {
    const args = ['users', 'import', join(EXPORTS, 'ldap.ldif'), '--without-proof', '--format'];
    const unknown = await runInside(server, [...args, 'okta']);
    expect([unknown.status, unknown.stderr]).toEqual([
      2,
      expect.stringContaining("unknown format 'okta': it is one of auth0,"),
    ]);
    const other = await runInside(server, [...args, 'django']);
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('.json or .ndjson or .csv')]);
  });
});

describe('a user without a password', () => {
  it('logs in with none, as an unknown user', async () => {
    const path = join(folder.path, 'users.csv');
    await writeFile(path, 'email;username;password_hash\nada@example.com;ada;\n');
    const { status, stdout } = await runInside(server, ['users', 'import', path, '--without-proof']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('no password')]);
    for (const password of ['null', '!', 'a password']) expect(await login('ada', password)).toBe(401);
    expect(await stored('ada')).toMatchObject({ password_hash: null });
  });
});
