import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  copyFile,
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type PostgresConnection, startEmbeddedPostgres } from '@latchkey/embedded-postgres';
import { compile } from '../support/setup/compile.cjs';
import { type Answer, EmbeddedPostgresChild as Child } from '../support/database/embedded-postgres-child.js';

const root = process.getuid?.() === 0;
/** An account that is not root, for faults that root's capabilities would hide. */
const NOBODY = { uid: 65534, gid: 65534 };
/** These tests kill processes and cut no power, so they need no sync to disk. */
const FAST = { fsync: 'off' };

let home: string;
let code: string;
/** A folder with a cluster, for the tests that do not create one. */
let shared: string;

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'lk-eb-')));
  await chmod(home, 0o711);
  code = join(home, 'code');
  await mkdir(code);
  compile('packages/embedded-postgres/src', code);
  shared = join(home, 'shared');
});

afterEach(async () => {
  await Child.killAll();
  await until(async () => (await processesOf(home)).length === 0);
});

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

describe('one process', () => {
  test('the first start creates a cluster that requires its password and accepts a hundred connections', async () => {
    const child = start(shared);
    const { connection, joined, version } = await child.next();
    expect({ joined, version }).toEqual({ joined: false, version: '18.4' });
    expect(connection).toMatchObject({
      port: 5432,
      user: 'latchkey',
      database: 'latchkey',
      host: join(shared, 'run'),
    });
    await expect(query({ ...connection, password: 'wrong' }, 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(connection)));
    const settings = await clients[99]!.query(
      `SELECT current_setting('server_encoding') AS encoding, current_setting('data_checksums') AS checksums,
              current_setting('wal_segment_size') AS segment, current_setting('listen_addresses') AS addresses,
              datlocprovider AS provider, datlocale AS locale FROM pg_database WHERE datname = 'latchkey'`,
    );
    expect(settings.rows).toEqual([
      { encoding: 'UTF8', checksums: 'on', segment: '4MB', addresses: '', provider: 'b', locale: 'C.UTF-8' },
    ]);
    await Promise.all(clients.map((client) => client.end()));
    await child.stop();
  });

  test('only the owner may read the cluster and its password, and enter the socket folder', async () => {
    const modes = ['postgres', 'run', 'postgres/latchkey.password', 'postgres.log'].map(async (name) =>
      ((await stat(join(shared, name))).mode & 0o777).toString(8),
    );
    expect(await Promise.all(modes)).toEqual(['700', '700', '600', '600']);
  });

  test('a stop ends the server, leaves nothing running and can be followed by a start', async () => {
    for (let round = 0; round < 2; round += 1) {
      const child = start(shared);
      expect(await child.next()).toMatchObject({ joined: false });
      await child.stop();
      expect(await processesOf(shared)).toEqual([]);
      expect(await readdir(join(shared, 'run'))).toEqual([]);
    }
  });

  test('a server whose parent was killed with SIGKILL stops by itself', async () => {
    const child = start(shared);
    await child.next();
    const pid = await serverPid(shared);
    await child.kill();
    // The watchdog is the server's parent and reaps it, so that no zombie remains.
    await until(() => !isAlive(pid), 1000);
  });

  test('acknowledged rows survive a SIGKILL of the parent', async () => {
    const writer = Child.spawn(code, { dataDir: shared });
    await writer.next();
    writer.tell('insert');
    let last = 0;
    while (last < 200) last = (await writer.next<{ acknowledged: number }>()).acknowledged;
    const killed = writer.kill();
    for (;;) {
      const line = await writer.next<{ acknowledged: number }>().catch(() => undefined);
      if (!line) break;
      last = line.acknowledged;
    }
    await killed;
    const child = start(shared);
    const { connection } = await child.next();
    const { rows } = await query(connection, 'SELECT count(*)::int, max(id) FROM written');
    expect(rows[0].count).toBeGreaterThanOrEqual(last);
    expect(rows[0].count).toBe(rows[0].max);
    await child.stop();
  });

  test('a watchdog that was killed is replaced', async () => {
    const child = start(shared);
    await child.next();
    const watchdog = await watchdogOf(child);
    process.kill(watchdog, 'SIGKILL');
    await until(async () => ![watchdog, 0].includes(await watchdogOf(child)));
    await child.kill();
    await until(async () => (await processesOf(shared)).length === 0, 1000);
  });
});

describe('the role of the application', () => {
  const FORBIDDEN = [
    `COPY (SELECT 1) TO PROGRAM 'true'`,
    `COPY pg_temp.lines FROM PROGRAM 'cat /etc/passwd'`,
    `COPY pg_temp.lines FROM '/etc/passwd'`,
    `SELECT pg_read_file('/etc/passwd')`,
    `SELECT pg_ls_dir('.')`,
    `SELECT lo_import('/etc/passwd')`,
    'CREATE ROLE mallory',
    `ALTER ROLE latchkey SUPERUSER`,
    `ALTER ROLE latchkey_superuser PASSWORD 'mine'`,
    'SET ROLE latchkey_superuser',
    'SET SESSION AUTHORIZATION latchkey_superuser',
    `ALTER SYSTEM SET archive_command = 'true'`,
    'CREATE EXTENSION adminpack',
    `CREATE FUNCTION run() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'`,
    'CREATE DATABASE other',
    'SELECT rolpassword FROM pg_authid',
  ];

  /** The statements that did not fail for want of a privilege. */
  async function allowed(connection: PostgresConnection): Promise<unknown[]> {
    const client = await connect(connection);
    await client.query('CREATE TEMPORARY TABLE lines (line text)');
    const found: unknown[] = [];
    for (const statement of FORBIDDEN) {
      const outcome = await client.query(statement).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
      if (outcome !== '42501') found.push([statement, outcome]);
    }
    await client.end();
    return found;
  }

  test('reads no file, runs no program and creates no role', async () => {
    const child = start(shared);
    const { connection } = await child.next();
    // Version 18 has no such extension any more.
    expect(await allowed(connection)).toEqual([['CREATE EXTENSION adminpack', '0A000']]);
    const { rows } = await query(
      connection,
      `SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
              pg_get_userbyid(datdba) AS owner
         FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`,
    );
    const no = { rolsuper: false, rolcreaterole: false, rolcreatedb: false };
    expect(rows).toEqual([{ ...no, rolreplication: false, rolbypassrls: false, owner: 'latchkey' }]);
    await child.stop();
  });

  test('does not open the superuser with its password, which is in a file of the owner', async () => {
    const child = start(shared);
    const { connection } = await child.next();
    await expect(query({ ...connection, user: 'latchkey_superuser' }, 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect((await stat(join(shared, 'postgres/latchkey_superuser.password'))).mode & 0o777).toBe(0o600);
    await child.stop();
  });

  test('becomes the owner of a cluster whose superuser it was, also when four processes start at once', async () => {
    const dataDir = join(home, 'former');
    await formerCluster(dataDir, [
      'CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)',
      `INSERT INTO people (name) VALUES ('ada')`,
      'CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at)',
      `CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
      `CREATE TYPE mood AS ENUM ('good')`,
      'CREATE SCHEMA reports',
      'CREATE VIEW reports.names AS SELECT name FROM people',
      'CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT 2 * n $$',
      'CREATE SEQUENCE tickets',
    ]);
    const children = Array.from({ length: 4 }, () => start(dataDir));
    const [first] = await Promise.all(children.map((child) => child.next()));
    const { connection } = first!;
    expect(await allowed(connection)).toHaveLength(1);
    const { rows } = await query(
      connection,
      `INSERT INTO people (name) VALUES ('grace') RETURNING id, twice(2) AS four, nextval('tickets') AS ticket,
         (SELECT count(*) FROM reports.names) AS names`,
    );
    expect(rows).toEqual([{ id: '2', four: 4, ticket: '1', names: '1' }]);
    // What a migration does, only an owner may do.
    for (const change of [
      'ALTER TABLE people ADD COLUMN email text',
      'DROP TABLE events_2026',
      `ALTER TYPE mood ADD VALUE 'bad'`,
      'DROP SCHEMA reports CASCADE',
      'DROP FUNCTION twice',
      'DROP SEQUENCE tickets',
    ])
      await query(connection, change);
    await Promise.all(children.map((child) => child.stop()));
    const again = start(dataDir);
    const { rows: found } = await query(
      (await again.next()).connection,
      'SELECT name FROM people ORDER BY id',
    );
    expect(found).toEqual([{ name: 'ada' }, { name: 'grace' }]);
    const { rows: roles } = await query(
      connection,
      `SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1`,
    );
    expect(roles).toEqual([{ rolname: 'latchkey' }, { rolname: 'latchkey_superuser' }]);
    await again.stop();
  });
});

describe('several processes', () => {
  test('eight first starts on one folder use one server, and remove the remains of a killed one', async () => {
    const dataDir = join(home, 'eight');
    // The remains of a process that was killed in its first start.
    await mkdir(join(dataDir, 'postgres.new-999999999-0', 'data'), { recursive: true });
    await writeFile(join(dataDir, 'postgres.init'), '999999999');
    const children = Array.from({ length: 8 }, () => start(dataDir));
    const answers = await Promise.all(children.map((child) => child.next()));
    expect(answers.filter(({ joined }) => !joined)).toHaveLength(1);
    const servers = answers.map(async ({ connection }) => {
      const { rows } = await query(connection, 'SELECT pg_postmaster_start_time()::text AS started');
      return rows[0].started as string;
    });
    expect(new Set(await Promise.all(servers)).size).toBe(1);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log', 'run']);
    await Promise.all(children.map((child) => child.stop()));
    expect(await processesOf(dataDir)).toEqual([]);
  });

  test('a second process joins the running server and both can write', async () => {
    const [starter, joiner, one, two] = await startTwo();
    expect([one.joined, two.joined]).toEqual([false, true]);
    await query(one.connection, 'CREATE TABLE shared (id int)');
    await Promise.all(
      [one, two].map(({ connection }, id) => query(connection, `INSERT INTO shared VALUES (${id})`)),
    );
    expect((await query(two.connection, 'SELECT count(*)::int FROM shared')).rows).toEqual([{ count: 2 }]);
    await Promise.all([starter.stop(), joiner.stop()]);
    expect(await processesOf(shared)).toEqual([]);
  });

  test('a server outlives the process that started it while another uses it', async () => {
    const [starter, joiner, , { connection }] = await startTwo();
    const client = await connect(connection);
    await starter.stop();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    await joiner.stop();
    expect(await processesOf(shared)).toEqual([]);
  });

  test('a server outlives a SIGKILL of its starter while another uses it, and stops with the last', async () => {
    const [starter, joiner, , { connection }] = await startTwo();
    const client = await connect(connection);
    await starter.kill();
    await sleep(200);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    await joiner.kill();
    await until(async () => (await processesOf(shared)).length === 0, 1000);
  });

  test('a start while the server is stopping succeeds', async () => {
    let server = await startEmbeddedPostgres({ dataDir: shared, settings: FAST });
    for (let delay = 0; delay < 30; delay += 4) {
      const stopped = server.stop();
      await sleep(delay);
      server = await startEmbeddedPostgres({ dataDir: shared, settings: FAST });
      expect((await query(server.connection, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      await stopped;
    }
    await server.stop();
    await server.stop();
  });

  test('a server that lost its starter and its watchdog at once is taken over', async () => {
    const starter = start(shared);
    await starter.next();
    const pid = await serverPid(shared);
    process.kill(await watchdogOf(starter), 'SIGKILL');
    await starter.kill();
    const heir = start(shared);
    expect(await heir.next()).toMatchObject({ joined: true });
    expect(await serverPid(shared)).toBe(pid);
    await heir.stop();
    expect(await processesOf(shared)).toEqual([]);
  });
});

describe('unusual circumstances', () => {
  test('a stale postmaster.pid with the id of another running program does not block the start', async () => {
    const { uid, gid } = await stat(join(shared, 'postgres'));
    const foreign = spawn('sleep', ['60'], root ? { uid, gid } : {});
    const lines = [
      foreign.pid,
      join(shared, 'postgres'),
      1700000000,
      5432,
      join(shared, 'run'),
      '',
      '  1 1',
      'ready',
    ];
    for (const file of ['postgres/postmaster.pid', 'run/.s.PGSQL.5432.lock']) {
      await writeFile(join(shared, file), `${lines.join('\n')}\n`, { mode: 0o600 });
      await chown(join(shared, file), uid, gid);
    }
    const child = start(shared);
    expect(await child.next()).toMatchObject({ joined: false });
    await child.stop();
    expect(isAlive(foreign.pid!)).toBe(true);
    foreign.kill();
  });

  (root ? describe : describe.skip)(`as root${root ? '' : ' (not root here)'}`, () => {
    test('a data folder that only root may enter is handed over, and the server has no capability', async () => {
      const dataDir = join(home, 'private');
      await mkdir(dataDir, { mode: 0o700 });
      const child = start(dataDir);
      expect(await child.next()).toMatchObject({ joined: false });
      const status = await readFile(`/proc/${await serverPid(dataDir)}/status`, 'utf8');
      expect(status).not.toMatch(/^Uid:.*\b0\b/m);
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
        expect(status).toMatch(new RegExp(`^${set}:\\s+0{16}$`, 'm'));
      const { uid, mode } = await stat(dataDir);
      expect([uid, mode & 0o777]).toEqual([(await stat(join(dataDir, 'postgres'))).uid, 0o700]);
      await child.stop();
    });

    test('a data folder in a folder that only root may enter is refused by the name of that folder', async () => {
      const closed = join(home, 'closed');
      await mkdir(closed, { mode: 0o700 });
      const answer = await start(join(closed, 'data')).next();
      expect(answer.error).toBe('EmbeddedPostgresError');
      expect(answer.message).toContain(
        `may not enter ${closed}, which holds ${join(closed, 'data')}. Set DATA_DIR`,
      );
      expect((await stat(closed)).uid).toBe(0);
    });

    test('a private folder of root that holds other files is refused, and keeps its owner', async () => {
      const dataDir = join(home, 'letters');
      await mkdir(dataDir, { mode: 0o700 });
      await writeFile(join(dataDir, 'letters.txt'), 'dear');
      expect((await start(dataDir).next()).message).toContain(`may not enter ${dataDir}, which the embedded`);
      expect((await stat(dataDir)).uid).toBe(0);
    });

    test('new folders above the data folder let the account of the server pass', async () => {
      const dataDir = join(home, 'new', 'folders', 'data');
      const child = start(dataDir);
      expect(await child.next()).toMatchObject({ joined: false });
      await child.stop();
    });
  });

  test('with a path too long for a Unix socket the server uses loopback and a password, and can be joined', async () => {
    const dataDir = join(home, 'long'.repeat(30));
    await rename(shared, dataDir);
    const child = start(dataDir);
    const { connection } = await child.next();
    expect(connection.host).toBe('127.0.0.1');
    await expect(query({ ...connection, password: 'wrong' }, 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    const joiner = start(dataDir);
    expect(await joiner.next()).toMatchObject({ joined: true, connection });
    await child.kill();
    await joiner.stop();
    expect(await processesOf(dataDir)).toEqual([]);
    await rename(dataDir, shared);
  });

  test("node_modules without the libraries' symlinks works", async () => {
    const { target, lib } = await compileWithoutLinks('unlinked');
    const child = start(shared, target);
    expect(await child.next()).toMatchObject({ version: '18.4' });
    expect(await readdir(lib)).toContain('libpq.so.5');
    await child.stop();
  });

  test("read-only node_modules without the libraries' symlinks works", async () => {
    const { target, lib } = await compileWithoutLinks('readonly');
    await chmod(lib, 0o555);
    const dataDir = join(home, 'readonly', 'data');
    await mkdir(dataDir);
    if (root) await chown(dataDir, NOBODY.uid, NOBODY.gid);
    const child = Child.spawn(target, { dataDir, settings: FAST }, root ? NOBODY : undefined);
    expect(await child.next()).toMatchObject({ version: '18.4' });
    expect(await readdir(lib)).not.toContain('libpq.so.5');
    expect(await readdir(join(dataDir, 'postgres-lib'))).toContain('libpq.so.5');
    await child.stop();
    await chmod(lib, 0o755);
  });
});

describe('refusals', () => {
  test('without the packages the message says to set DATABASE_URL', async () => {
    const target = join(home, 'nothing');
    await mkdir(join(target, 'packages'), { recursive: true });
    await symlink(await realpath('node_modules/pg'), join(target, 'packages', 'pg'));
    compile('packages/embedded-postgres/src', target, join(target, 'packages'));
    const answer = await start(join(target, 'data'), target).next();
    expect(answer.error).toBe('EmbeddedPostgresError');
    expect(answer.message).toMatch(/@embedded-postgres\/.* is not installed.*Set DATABASE_URL/);
  });

  test('a missing C library is reported as such', async () => {
    const { target, lib } = await compileWithoutLinks('alpine');
    const initdb = join(lib, '..', 'bin', 'initdb');
    await rm(initdb);
    // Behaves like a program whose C library is missing.
    await writeFile(initdb, '#!/lib/no-such-loader.so', { mode: 0o755 });
    const { message } = await start(join(home, 'alpine', 'data'), target).next();
    expect(message).toMatch(/does not run on this system, which has no glibc .* Set DATABASE_URL/);
  });

  test("a server that does not start is reported with its log's lines, and leaves nothing running", async () => {
    const child = Child.spawn(code, { dataDir: shared, settings: { shared_buffers: 'plenty' } });
    const answer = await child.next();
    expect(answer.error).toBe('EmbeddedPostgresError');
    expect(answer.message).toMatch(/FATAL: {2}invalid value for parameter "shared_buffers": "plenty"/);
    await until(async () => (await processesOf(shared)).length === 0, 1000);
  });

  test('a cluster of another major version is refused and not changed', async () => {
    const dataDir = join(home, 'older');
    await mkdir(join(dataDir, 'postgres'), { recursive: true });
    await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
    if (root) await chown(join(dataDir, 'postgres'), NOBODY.uid, NOBODY.gid);
    expect((await start(dataDir).next()).message).toMatch(/made by PostgreSQL 17; .* PostgreSQL 18/);
    expect(await readdir(join(dataDir, 'postgres'))).toEqual(['PG_VERSION']);
  });

  test('a folder with other files is refused and not changed', async () => {
    const dataDir = join(home, 'other');
    await mkdir(join(dataDir, 'postgres'), { recursive: true });
    await writeFile(join(dataDir, 'postgres', 'letters.txt'), 'dear');
    if (root) await chown(join(dataDir, 'postgres'), NOBODY.uid, NOBODY.gid);
    if (root) await chmod(dataDir, 0o711);
    expect((await start(dataDir).next()).message).toMatch(/is in the way/);
    expect(await readdir(dataDir)).toEqual(['postgres']);
    expect(await readdir(join(dataDir, 'postgres'))).toEqual(['letters.txt']);
  });
});

function start(dataDir: string, compiled = code): Child {
  return Child.spawn(compiled, { dataDir, settings: FAST });
}

async function startTwo(): Promise<[Child, Child, Answer, Answer]> {
  const starter = start(shared);
  const one = await starter.next();
  const joiner = start(shared);
  return [starter, joiner, one, await joiner.next()];
}

async function connect(connection: PostgresConnection): Promise<Client> {
  const client = new Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function query(connection: PostgresConnection, text: string) {
  const client = await connect(connection);
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

/** A cluster as it was before the application had a role of its own: `latchkey` is its superuser and owns everything. */
async function formerCluster(dataDir: string, statements: readonly string[]): Promise<void> {
  await mkdir(dataDir);
  await chmod(dataDir, 0o711);
  const cluster = join(dataDir, 'postgres');
  await mkdir(cluster, { mode: 0o700 });
  const password = join(cluster, 'latchkey.password');
  const account = root ? NOBODY : {};
  if (root) await chown(cluster, NOBODY.uid, NOBODY.gid);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const bin = join(dirname(dirname(createRequire(import.meta.url).resolve(platform))), 'native/bin');
  const secret = join(dataDir, 'password');
  await writeFile(secret, 'the former password', { mode: 0o600 });
  if (root) await chown(secret, NOBODY.uid, NOBODY.gid);
  const initdb = [
    '-D',
    cluster,
    '--username=latchkey',
    `--pwfile=${secret}`,
    '--auth=scram-sha-256',
    '--no-sync',
  ];
  const options = { ...account, cwd: cluster };
  await promisify(execFile)(join(bin, 'initdb'), [...initdb, '--encoding=UTF8', '--no-locale'], options);
  await rename(secret, password);
  for (const [database, lines] of [
    ['postgres', ['CREATE DATABASE latchkey']],
    ['latchkey', statements],
  ] as const) {
    const child = execFile(join(bin, 'postgres'), ['--single', '-D', cluster, database], options);
    child.stdin?.end(`${lines.join('\n')}\n`);
    await once(child, 'exit');
  }
}

async function serverPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

async function processes(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-A', '-o', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command ? [{ pid: Number(pid), parent: Number(parent), command }] : [];
  });
}

/** The command lines of the servers whose data is below a folder. */
async function processesOf(folder: string): Promise<string[]> {
  const found = await processes();
  return found
    .map(({ command }) => command)
    .filter((text) => text.includes('bin/postgres') && text.includes(folder));
}

async function watchdogOf({ pid }: Child): Promise<number> {
  const found = await processes();
  return found.find((each) => each.parent === pid && each.command.includes('watchdog'))?.pid ?? 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not true within ${ms} ms: ${condition.toString()}`);
    await sleep(10);
  }
}

/** Compiles the sources beside a node_modules with the platform's package as `npm install --ignore-scripts` leaves it. */
async function compileWithoutLinks(name: string): Promise<{ target: string; lib: string }> {
  const target = join(home, name, 'code');
  const packages = join(home, name, 'packages');
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const from = dirname(dirname(createRequire(import.meta.url).resolve(platform)));
  const to = join(packages, platform);
  for (const part of ['package.json', 'dist', 'native/pg-symlinks.json'])
    await cp(join(from, part), join(to, part), { recursive: true });
  for (const part of ['native/bin', 'native/lib']) await linkFiles(join(from, part), join(to, part));
  await symlink(join(from, 'native/share'), join(to, 'native/share'));
  await symlink(await realpath('node_modules/pg'), join(packages, 'pg'));
  await mkdir(target);
  compile('packages/embedded-postgres/src', target, packages);
  return { target, lib: join(to, 'native', 'lib') };
}

/** Uses hard links where possible: programs and libraries find each other by their real paths, so symlinks do not work. */
async function linkFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await symlink(source, target);
    else if (entry.isFile()) await link(source, target).catch(() => copyFile(source, target));
  }
}
