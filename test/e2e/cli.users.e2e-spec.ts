import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CLI, runCli, runInside, type CliExit } from '../support/service/cli.js';
import { urlOf } from '../support/database/database.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { FIREBASE, FOREIGN_HASHES, KEYCLOAK, MADE_HASHES, PASSWORD } from '../vectors/foreign-hashes.js';

const SECRET = newSecret();
const HASH = FOREIGN_HASHES[0]?.hash ?? '';
/** The output of every command must contain none of these. */
const SECRETS = [
  SECRET,
  PASSWORD,
  FIREBASE.password,
  FIREBASE.hash,
  FIREBASE.project.base64_signer_key,
  ...FOREIGN_HASHES.map(({ hash }) => hash.slice(-20)),
];

let server: TestServer;
let folder: Folder;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await newFolder();
  server = await startServer({ env: { SECRET_KEY: SECRET } });
  env = { SECRET_KEY: SECRET, DATABASE_URL: urlOf(server.database.target) };
});
afterEach(() => server.database.query(`DELETE FROM users`));
afterAll(async () => {
  await server.close();
  await folder.remove();
});

type Fields = Readonly<Record<string, unknown>>;

let files = 0;

async function file(content: string | readonly Fields[], extension = 'ndjson'): Promise<string> {
  const path = join(folder.path, `users-${++files}.${extension}`);
  const text =
    typeof content === 'string' ? content : content.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeFile(path, text);
  return path;
}

/** Runs inside the service; behaviour of the process has tests that start one. */
async function latchkey(args: readonly string[], password?: string) {
  return withoutSecrets(args, await runInside(server, args, password === undefined ? {} : { password }));
}

async function asProcess(args: readonly string[], input = '') {
  return withoutSecrets(args, await runCli(args, { folder: folder.path, env, input }));
}

function withoutSecrets(args: readonly string[], exit: CliExit): CliExit {
  const isExport = args[1] === 'export';
  for (const secret of SECRETS) {
    expect(exit.stderr).not.toContain(secret);
    if (!isExport) expect(exit.stdout).not.toContain(secret);
  }
  return exit;
}

/** Imports without a proof. Returns the refused lines and the counts. */
async function imported(path: string, ...args: string[]) {
  const { status, stdout, stderr } = await latchkey([
    'users',
    'import',
    path,
    '--without-proof',
    '--json',
    ...args,
  ]);
  expect(stderr).toBe('');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { status, refused: lines.slice(0, -1), counts: lines.at(-1) ?? {} };
}

async function login(username: string, password: string): Promise<number> {
  return (await server.client.post('/auth/login', { json: { username, password } })).status;
}

async function users<T extends object = { email: string }>(columns = 'email'): Promise<T[]> {
  return server.database.query<T & Record<string, unknown>>(`SELECT ${columns} FROM users ORDER BY email`);
}

async function auditActions(): Promise<
  Array<{ action: string; details: Record<string, unknown>; actor: unknown }>
> {
  return server.database.query(
    `SELECT action, details, actor FROM audit_events WHERE action LIKE 'users.%' ORDER BY id`,
  );
}

const row = (name: string, more: Fields = {}): Fields => ({
  email: `${name}@example.com`,
  password_hash: HASH,
  ...more,
});

describe('latchkey users import', () => {
  it('imports every format of hash: the user logs in, which replaces the hash by argon2id', async () => {
    const known = [
      ...MADE_HASHES.map(({ hash, password }) => ({ password, fields: { password_hash: hash } })),
      ...KEYCLOAK.map(({ credentialData, secretData }) => ({
        password: PASSWORD,
        fields: { keycloak_credential_data: credentialData, keycloak_secret_data: secretData },
      })),
      {
        password: FIREBASE.password,
        fields: { firebase_hash: FIREBASE.hash, firebase_salt: FIREBASE.salt },
      },
    ];
    const project = await file(JSON.stringify(FIREBASE.project), 'json');
    const rows = known.map(({ fields }, n) => ({
      email: `u${n}@example.com`,
      username: `user${n}`,
      ...fields,
    }));
    const { status, counts } = await imported(await file(rows), '--firebase', project);
    expect([status, counts['added'], counts['refused']]).toEqual([0, known.length, 0]);
    for (const [n, { password }] of known.entries()) {
      expect(await login(`user${n}`, `${password}x`)).toBe(401);
      expect(await login(`user${n}`, password)).toBe(200);
    }
    const hashes = await users<{ password_hash: string }>('email, password_hash');
    for (const { password_hash: hash } of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/);
    for (const [n, { password }] of known.entries())
      expect(await login(`u${n}@example.com`, password)).toBe(200);
  });

  it('imports the most costly hashes that are allowed, and guesses at them delay no other login', async () => {
    const costly = HASH.replace('1000', '5558857');
    await imported(await file(['one', 'two'].map((name) => row(name, { password_hash: costly }))));
    const account = { email: 'ada@example.com', password: 'correct horse battery' };
    await server.client.post('/auth/register', { json: account });
    const ends: string[] = [];
    const guesses = ['one', 'two'].map(async (name) => {
      expect(await login(`${name}@example.com`, 'a wrong guess')).toBe(401);
      ends.push('guess');
    });
    for (let times = 0; times < 3; times++) {
      expect(await login(account.email, account.password)).toBe(200);
      ends.push('login');
    }
    await Promise.all(guesses);
    expect(ends).toEqual(['login', 'login', 'login', 'guess', 'guess']);
  });

  it('reads CSV by its header line: quotes, line breaks, empty fields, several roles', async () => {
    await server.database.query(
      `INSERT INTO roles (name, scopes) VALUES ('support', '{}') ON CONFLICT DO NOTHING`,
    );
    const path = await file(
      [
        '\ufeffemail,full_name,username,roles,status,created_at,password_hash',
        `ada@example.com,"Lovelace, ""Ada""",ada,user support,disabled,2020-01-02T03:04:05.678Z,${HASH}`,
        `bob@example.com,,,,,,${HASH}`,
        'short@example.com,x',
        `long@example.com,,,,,,${HASH},x`,
        `,"no address",,,,,${HASH}`,
        '',
      ].join('\r\n'),
      'csv',
    );
    const { status, refused, counts } = await imported(path);
    expect(status).toBe(1);
    expect(counts).toMatchObject({ lines: 5, added: 2, refused: 3 });
    expect(refused).toEqual([
      { line: 4, field: '', reason: 'malformed' },
      { line: 5, field: '', reason: 'malformed' },
      { line: 6, field: 'email', reason: 'required' },
    ]);
    expect(await users('email, username, full_name, status, created_at')).toEqual([
      {
        email: 'ada@example.com',
        username: 'ada',
        full_name: 'Lovelace, "Ada"',
        status: 'disabled',
        created_at: new Date('2020-01-02T03:04:05.678Z'),
      },
      expect.objectContaining({
        email: 'bob@example.com',
        username: null,
        full_name: null,
        status: 'active',
      }),
    ]);
    const roles = await server.database.query(
      `SELECT u.email, r.role FROM user_roles r JOIN users u ON u.id = r.user_id ORDER BY 1, 2`,
    );
    expect(roles.map(({ email, role }) => `${email} ${role}`)).toEqual([
      'ada@example.com support',
      'ada@example.com user',
      'bob@example.com user',
    ]);
  });

  it.each([
    [
      'another column',
      `email,passwordHash\nada@example.com,${HASH}\n`,
      'the first line must name the columns',
    ],
    [
      'a quote that stays open',
      `email,password_hash\nada@example.com,"${HASH}\nbob@`,
      'not CSV after line 1',
    ],
  ])('stops at CSV with %s, and does not print the line', async (_, text, says) => {
    const { status, stderr } = await latchkey([
      'users',
      'import',
      await file(text, 'csv'),
      '--without-proof',
    ]);
    expect([status, stderr]).toEqual([1, expect.stringContaining(says)]);
    expect(await users()).toEqual([]);
  });

  it('prints number and reason of each refused line, and imports the others', async () => {
    await imported(await file([row('there', { username: 'there' }), row('else', { username: 'else' })]));
    const rows = [
      row('good'),
      row('costly', { password_hash: HASH.replace('1000', '5558858') }),
      row('none', { password_hash: '5f4dcc3b5aa765d61d8327deb882cf99' }),
      row('GOOD'),
      row('there', { username: 'there' }),
      row('taken', { username: 'Else' }),
      row('role', { roles: ['user', 'astronaut'] }),
      row('field', { passwordHash: HASH }),
      { email: 'not an address', password_hash: HASH },
    ];
    const text = rows.map((fields) => JSON.stringify(fields)).join('\n');
    const tooLong = JSON.stringify(row('long', { full_name: 'x'.repeat(200_000) }));
    const path = await file(`${text}\n\n${HASH}\n${tooLong}\n${JSON.stringify(row('latin1'))}`);
    const latin1 = Buffer.concat([
      await readFile(path),
      Buffer.from('\n{"email":"m\xfcller@example.com"}', 'latin1'),
    ]);
    await writeFile(path, latin1);
    const { status, refused, counts } = await imported(path);
    expect(status).toBe(1);
    expect(refused.sort((a, b) => Number(a['line']) - Number(b['line']))).toEqual([
      { line: 2, field: 'password_hash', reason: 'hash_too_costly' },
      { line: 3, field: 'password_hash', reason: 'unknown_hash' },
      { line: 4, field: 'email', reason: 'repeated' },
      { line: 6, field: 'username', reason: 'taken', account: expect.any(String) },
      { line: 7, field: 'roles', reason: 'unknown_role' },
      { line: 8, field: 'passwordHash', reason: 'unknown_field' },
      { line: 9, field: 'email', reason: 'invalid_format' },
      { line: 11, field: '', reason: 'malformed' },
      { line: 12, field: '', reason: 'malformed' },
      { line: 14, field: '', reason: 'malformed' },
    ]);
    expect(counts).toMatchObject({
      lines: 13,
      added: 2,
      present: 1,
      conflicts: 1,
      refused: 9,
      unknown_roles: ['astronaut'],
    });
    expect((await users()).map(({ email }) => email)).toEqual([
      'else@example.com',
      'good@example.com',
      'latin1@example.com',
      'there@example.com',
    ]);
  });

  it('reports with --dry-run what an import would do, and changes nothing', async () => {
    await imported(await file([row('there')]));
    const before = [await users('*'), await auditActions()];
    const path = await file([
      row('there'),
      row('new'),
      row('NEW'),
      row('second', { password_hash: FOREIGN_HASHES[4]?.hash }),
      row('role', { roles: ['astronaut'] }),
    ]);
    const { status, stdout } = await latchkey(['users', 'import', path, '--dry-run']);
    expect(status).toBe(1);
    expect(stdout).toBe(
      [
        'line 3: email: repeated',
        'line 5: roles: unknown_role',
        '5 users: 2 would be added, 1 present already, 2 refused.',
        '  pbkdf2-sha256 (Django)    2',
        '  bcrypt                    1',
        'Roles that do not exist: astronaut',
        '',
      ].join('\n'),
    );
    expect([await users('*'), await auditActions()]).toEqual(before);
  });

  it('records its beginning and its end with counts in the audit log', async () => {
    await server.database.query('DELETE FROM audit_events');
    await imported(await file([row('one'), row('two'), row('two')]));
    expect(await auditActions()).toEqual([
      { action: 'users.import_started', actor: 'command-line', details: { proven: false } },
      {
        action: 'users.imported',
        actor: 'command-line',
        details: { lines: 3, added: 2, present: 0, conflicts: 0, taken_over: 0, refused: 1, proven: false },
      },
    ]);
  });

  it('does not print the detail of a database error', async () => {
    await server.database.query(
      `ALTER TABLE users ADD CONSTRAINT ck_test CHECK (email <> 'bad@example.com')`,
    );
    const { status, stderr } = await latchkey([
      'users',
      'import',
      await file([row('bad')]),
      '--without-proof',
    ]);
    await server.database.query(`ALTER TABLE users DROP CONSTRAINT ck_test`);
    expect(status).toBe(1);
    expect(stderr).toContain('ck_test');
    expect(stderr).not.toContain('pbkdf2');
  });
});

describe('the proof', () => {
  it('is required, unless --without-proof is given', async () => {
    const path = await file([row('ada')]);
    const { status, stderr } = await latchkey(['users', 'import', path]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--without-proof')]);
    const both = await latchkey(
      ['users', 'import', path, '--prove', 'ada@example.com', '--without-proof'],
      PASSWORD,
    );
    expect(both.status).toBe(2);
    expect(await users()).toEqual([]);
  });

  it.each([
    ['the wrong password', 'ada@example.com', 'another password', 1, 'does not verify'],
    ['no password', 'ada@example.com', undefined, 2, 'no password'],
    ['a user who is not in the file', 'eve@example.com', PASSWORD, 1, 'no such user'],
    ['a user whose line is refused', 'costly@example.com', PASSWORD, 1, 'no such user'],
  ])('with %s imports nothing', async (_, email, password, status, says) => {
    const costly = row('costly', { password_hash: HASH.replace('1000', '5558858') });
    const path = await file([costly, row('ada')]);
    const exit = await latchkey(['users', 'import', path, '--prove', email], password);
    expect([exit.status, exit.stdout, exit.stderr]).toEqual([status, '', expect.stringContaining(says)]);
    expect(await users()).toEqual([]);
  });

  it('with the right password of any line starts the import, and is in the audit log', async () => {
    await server.database.query('DELETE FROM audit_events');
    const path = await file(
      `email,password_hash\nfirst@example.com,"${FOREIGN_HASHES[5]?.hash}"\nada@example.com,${HASH}\n`,
      'csv',
    );
    const args = ['users', 'import', path, '--prove', 'ADA@example.com'];
    expect(await asProcess(args, `${PASSWORD}\n`)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('2 users: 2 added'),
    });
    expect((await auditActions()).map(({ details }) => details['proven'])).toEqual([true, true]);
  });

  it('finds parameters of another Firebase project', async () => {
    const other = { ...FIREBASE.project, base64_salt_separator: 'CA==' };
    const path = await file([
      { email: 'ada@example.com', firebase_hash: FIREBASE.hash, firebase_salt: FIREBASE.salt },
    ]);
    for (const [project, status] of [
      [other, 1],
      [FIREBASE.project, 0],
    ] as const) {
      const parameters = await file(JSON.stringify(project), 'json');
      const args = ['users', 'import', path, '--prove', 'ada@example.com', '--firebase', parameters];
      expect((await latchkey(args, FIREBASE.password)).status).toBe(status);
    }
    const broken = await file(`{"base64_signer_key":"${FIREBASE.project.base64_signer_key}"`, 'json');
    const { status, stderr } = await latchkey([
      'users',
      'import',
      path,
      '--without-proof',
      '--firebase',
      broken,
    ]);
    expect([status, stderr]).toEqual([1, expect.stringContaining('hash parameters')]);
  });
});

it('an import that was killed and is run again ends with every user exactly once', async () => {
  const count = 8000;
  const rows = Array.from({ length: count }, (_, n) =>
    JSON.stringify(row(`u${n}`, { username: `user${n}` })),
  );
  const path = await file(rows.join('\n'));
  const cli = [CLI, 'users', 'import', path, '--without-proof'];
  const child = spawn(process.execPath, cli, {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: 'ignore',
  });
  const there = async (): Promise<number> =>
    (await server.database.query<{ n: number }>('SELECT count(*)::int AS n FROM users'))[0]?.n ?? 0;
  const killed = once(child, 'close');
  while ((await there()) < 1000) await delay(2);
  child.kill('SIGKILL');
  await killed;
  const left = await there();
  expect(left).toBeGreaterThanOrEqual(1000);
  expect(left).toBeLessThan(count);
  expect(left % 1000).toBe(0);
  const { status, counts } = await imported(path);
  expect(status).toBe(0);
  expect(counts).toMatchObject({ lines: count, added: count - left, present: left, refused: 0 });
  const [found] = await server.database.query(
    `SELECT count(*)::int AS users, count(DISTINCT email_key)::int AS emails,
            (SELECT count(*)::int FROM user_roles WHERE role = 'user') AS roles FROM users`,
  );
  expect(found).toEqual({ users: count, emails: count, roles: count });
});

describe('latchkey users export', () => {
  it('writes a file that an import reads, with the same users', async () => {
    const rows = Array.from({ length: 2500 }, (_, n) =>
      row(`u${n}`, n % 2 === 0 ? { username: `user${n}` } : {}),
    );
    await imported(
      await file([
        ...rows,
        row('ada', { full_name: 'Ada "L"\u2028', roles: ['admin', 'user'], status: 'disabled' }),
        row('eve', { email_verified: true, password_hash: null }),
        row('ida', { roles: [], created_at: '2001-02-03T04:05:06Z' }),
      ]),
    );
    const kept = () =>
      server.database.query(
        `SELECT u.*, '' AS updated_at, '' AS origin, ARRAY(SELECT role FROM user_roles WHERE user_id = id ORDER BY 1) AS roles
         FROM users u ORDER BY id`,
      );
    const before = await kept();
    expect(before).toHaveLength(2503);
    await server.database.query('DELETE FROM audit_events');
    const path = join(folder.path, 'export.ndjson');
    expect(await latchkey(['users', 'export', path])).toEqual({
      status: 0,
      stdout: '',
      stderr: `2503 users written to ${path}, with their password hashes.\n`,
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await auditActions()).toEqual([
      { action: 'users.exported', actor: 'command-line', details: { users: 2503 } },
    ]);
    const { stdout } = await asProcess(['users', 'export']);
    expect(stdout).toBe(await readFile(path, 'utf8'));
    expect(Object.keys(JSON.parse(stdout.split('\n', 1)[0] ?? '') as object)).toEqual([
      'id',
      'email',
      'email_verified',
      'username',
      'full_name',
      'status',
      'roles',
      'created_at',
      'password_hash',
    ]);
    await server.database.query('DELETE FROM users');
    expect((await imported(path)).counts).toMatchObject({ added: 2503, refused: 0 });
    expect(await kept()).toEqual(before);
  });

  it('does not overwrite a file', async () => {
    const path = await file('mine');
    expect((await latchkey(['users', 'export', path])).status).toBe(1);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });
});
