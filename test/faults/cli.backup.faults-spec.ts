import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditSealer, AuditVerifier, DataSource, migrate, withDataSource } from '../support/service/built.js';
import { administrator, type Member } from '../support/actors/administrators.js';
import { newClient, oauth, type RegisteredClient } from '../support/actors/clients.js';
import {
  createDatabase,
  createEmptyDatabase,
  urlOf,
  type TestDatabase,
} from '../support/database/database.js';
import { contentOf, tableNames } from '../support/service/backups.js';
import { CLI, runCli, runInside, type CliExit } from '../support/service/cli.js';
import { eventually, newFolder, type Folder } from '../support/service/process.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';

const SECRET = newSecret();
const SETTINGS = { SECRET_KEY: SECRET, JWT_ALGORITHM: 'ES256' };
const POOL = { poolSize: 2, connectTimeoutMs: 10_000, statementTimeoutMs: 60_000 };

let folder: Folder;
let source: TestDatabase;
let admin: Member;
let client: RegisteredClient;
/** Users of the backup, whose account changed after it. */
let people: Record<'disabled' | 'leaked' | 'demoted' | 'deleted', Member>;
let deletedClient: RegisteredClient;
/** A token that was revoked before the backup. */
let loggedOut: string;
/** The backup that most tests restore. */
let file: string;
let content: Record<string, string[]>;
let targets: Array<TestDatabase & { readonly url: string }> = [];

beforeAll(async () => {
  [folder, source] = await Promise.all([newFolder(), createDatabase()]);
  const server = await startServer({ env: SETTINGS, database: source });
  admin = await administrator(server);
  client = await newClient(server, admin, { scopes: [] });
  const resource = { identifier: 'https://tasks.example', name: 'Tasks' };
  const { status: added } = await server.client.request('PUT', '/resources/tasks', {
    token: admin.access_token,
    json: resource,
  });
  expect(added).toBeLessThan(300);
  deletedClient = await newClient(server, admin, { scopes: [] });
  people = {
    disabled: await server.client.newcomer(),
    leaked: await server.client.newcomer(),
    demoted: await administrator(server),
    deleted: await server.client.newcomer(),
  };
  const guest = await server.client.newcomer();
  await server.client.post('/auth/logout', { token: guest.access_token });
  loggedOut = guest.access_token;
  await server.client.post('/auth/login', { json: { username: guest.username, password: 'wrong password' } });
  const { body } = await server.client.refresh(admin.refresh_token);
  admin = { ...admin, ...body };
  await source.query(`
    CREATE TABLE audit_events_2099_01 PARTITION OF audit_events FOR VALUES FROM ('2099-01-01Z') TO ('2099-02-01Z')`);
  await source.settled();
  await server.app.get(AuditSealer).seal();
  // A running sealer would write between the backup and the content that it is compared with.
  await server.close();
  file = join(folder.path, 'latchkey.backup');
  expect(await latchkey(source, ['backup', file])).toMatchObject({ status: 0, stderr: '' });
  content = await contentOf(source);
});
afterEach(async () => {
  await Promise.all(targets.map((target) => target.drop()));
  targets = [];
});
afterAll(async () => {
  await source.drop();
  await folder.remove();
});

function latchkey(
  on: Pick<TestDatabase, 'target'>,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CliExit> {
  return runCli(args, { folder: folder.path, env: { ...SETTINGS, DATABASE_URL: urlOf(on.target), ...env } });
}

async function emptyDatabase(): Promise<TestDatabase & { readonly url: string }> {
  const target = await createEmptyDatabase();
  targets.push(target);
  return target;
}

async function serverOn<T>(database: TestDatabase, work: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer({ env: SETTINGS, database });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

async function verdictOn({ client: http }: TestServer, token: string): Promise<unknown> {
  const { status, body } = await http.me(token);
  return status === 200 ? 200 : body['code'];
}

async function relations(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  );
  return row?.count ?? -1;
}

async function edited(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, change(await readFile(file)));
  return path;
}

describe('latchkey backup', () => {
  it('holds every table of the schema, and each has rows here', async () => {
    const names = await serverOn(source, async ({ app }) =>
      app.get(DataSource).entityMetadatas.map(({ tableName }) => tableName),
    );
    const [, header = ''] = (await readFile(file, 'latin1')).split('\n', 2);
    const { tables } = JSON.parse(header) as { tables: Array<{ name: string; rows: number }> };
    expect(tables.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(tables.filter(({ rows }) => rows === 0)).toEqual([]);
    expect(tables.every(({ name, rows }) => content[name]?.length === rows)).toBe(true);
  });

  it('writes a file for its owner alone, without a secret in clear, and does not replace another', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'latin1');
    for (const secret of [SECRET, client.client_secret, admin.refresh_token, 'BEGIN PRIVATE KEY'])
      expect(text).not.toContain(secret);
    const before = await stat(file);
    const refused = await latchkey(source, ['backup', file]);
    expect(refused).toMatchObject({
      status: 1,
      stderr: `latchkey: ${file} exists already and is not overwritten\n`,
    });
    expect((await stat(file)).mtimeMs).toBe(before.mtimeMs);
    const other = await edited('other.backup', () => Buffer.from('something else'));
    expect((await latchkey(source, ['backup', other, '--force'])).status).toBe(0);
    expect(await latchkey(source, ['restore', other, '--dry-run'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^The backup is whole: \d+ rows of \d+ tables .*http:\/\/localhost:3000/),
    });
  });

  it('is recorded in the audit log before it is written', async () => {
    expect(content['audit_events']?.some((row) => row.includes('backup.created'))).toBe(true);
  });
});

describe('latchkey restore', () => {
  it('with --keep-sessions restores every row: sessions, tokens, keys and the audit log go on', async () => {
    const target = await emptyDatabase();
    const done = await latchkey(target, ['restore', file, '--keep-sessions']);
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout).toMatch(/The audit log is complete\. Checkpoint \d+:/);
    const restored = await contentOf(target);
    const events = restored['audit_events']?.filter((row) => !row.includes('backup.restored'));
    expect({ ...restored, audit_events: events }).toEqual(content);
    expect(await tableNames(target)).toEqual(await tableNames(source));
    const [month] = await target.query<{ name: string | null }>(
      `SELECT to_regclass('audit_events_2099_01') AS name`,
    );
    expect(month?.name).toBe('audit_events_2099_01');
    await serverOn(target, async (server) => {
      expect(await verdictOn(server, admin.access_token)).toBe(200);
      expect(await verdictOn(server, loggedOut)).toBe('token_revoked');
      expect((await server.client.refresh(admin.refresh_token)).status).toBe(200);
      expect((await oauth(server, 'token', { grant_type: 'client_credentials' }, client)).status).toBe(200);
      await target.settled();
      await server.app.get(AuditSealer).seal();
      const { fault, unsealed } = await server.app.get(AuditVerifier).verify();
      expect([fault, unsealed]).toEqual([null, 0]);
    });
  });

  it('ends every session and token of the backup; users log in again', async () => {
    const target = await emptyDatabase();
    const done = await latchkey(target, ['restore', file]);
    expect(done.stdout).toMatch(/^Ended \d+ sessions and revoked every token/m);
    await serverOn(target, async (server) => {
      expect(await verdictOn(server, admin.access_token)).toBe('token_revoked');
      expect(await server.client.refresh(admin.refresh_token)).toMatchObject({
        status: 401,
        body: { code: 'session_revoked' },
      });
      const { access_token: token } = await server.client.login(admin);
      expect(await verdictOn(server, token)).toBe(200);
    });
  });

  it('gives restored revocations numbers that no follower of the former feed has seen', async () => {
    const last = async (database: TestDatabase): Promise<[number, number]> => {
      const [row] = await database.query<{ least: string; most: string }>(
        'SELECT min(seq) AS least, max(seq) AS most FROM revocations',
      );
      return [Number(row?.least), Number(row?.most)];
    };
    const target = await emptyDatabase();
    await latchkey(target, ['restore', file, '--keep-sessions']);
    const [[, before], [least, most]] = [await last(source), await last(target)];
    expect(least).toBeGreaterThan(before + 1_000_000);
    await serverOn(target, async (server) => {
      const { access_token: token } = await server.client.login(admin);
      await server.client.post('/auth/logout', { token });
      const { body } = await server.client.get<Array<{ seq: number }>>(`/revocations?after=${before}`, {
        token: admin.access_token,
      });
      expect(body.map(({ seq }) => seq)).toEqual(
        [...body.map(({ seq }) => seq)].sort((one, two) => one - two),
      );
      expect(body[0]?.seq).toBe(least);
      expect(body.at(-1)?.seq).toBeGreaterThan(most);
    });
  });

  it('is refused into a database that is not empty, which stays as it is', async () => {
    const before = await contentOf(source);
    const refused = await latchkey(source, ['restore', file]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^latchkey: the database is not empty: it has access_lifetimes, .* and \d+ more\. .*create another database/,
    );
    expect(await contentOf(source)).toEqual(before);
  });

  it.each<[string, string, (bytes: Buffer) => Buffer]>([
    ['is cut off among its rows', 'ends before', (bytes) => bytes.subarray(0, bytes.length - 600)],
    [
      'has one other byte among its last rows',
      'changed after the backup',
      (bytes) => {
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 1, bytes.length - 100);
        return bytes;
      },
    ],
  ])('is refused where the file %s, and leaves nothing', async (_what, message, change) => {
    const target = await emptyDatabase();
    const refused = await latchkey(target, ['restore', await edited('changed.backup', change)]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain(message);
    expect(await relations(target)).toBe(0);
  });

  it('is refused under another root secret, and leaves nothing', async () => {
    const target = await emptyDatabase();
    const refused = await latchkey(target, ['restore', file], { SECRET_KEY: newSecret() });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^latchkey: the backup belongs to another root secret \(fingerprint [\w-]{22}\)/,
    );
    expect(await relations(target)).toBe(0);
  });

  it('leaves nothing where it is killed before its end', async () => {
    const target = await emptyDatabase();
    const child = spawn(process.execPath, [CLI, 'restore', '-'], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'] ?? '', ...SETTINGS, DATABASE_URL: target.url },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const bytes = await readFile(file);
    child.stdin.write(bytes.subarray(0, bytes.length - 1));
    const backends = (state: string) =>
      target.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${state}`,
      );
    // The rows of the last table are there, and nothing is missing but the end.
    await eventually(
      10_000,
      async () => (await backends(`query LIKE 'COPY%' AND state LIKE '%active%'`)).length > 0,
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    await eventually(10_000, async () => (await backends('backend_xid IS NOT NULL')).length === 0);
    expect(await relations(target)).toBe(0);
  });

  it('refuses a backup of a newer version by the name of its migration, and leaves nothing', async () => {
    const newer = join(folder.path, 'newer.backup');
    await source.query(
      `INSERT INTO migrations (timestamp, name) VALUES (1999999999999, 'FromTheFuture1999999999999')`,
    );
    const made = await latchkey(source, ['backup', newer]);
    await source.query(`DELETE FROM migrations WHERE name = 'FromTheFuture1999999999999'`);
    expect(made.status).toBe(0);
    const target = await emptyDatabase();
    const refused = await latchkey(target, ['restore', newer]);
    expect(refused.stderr).toMatch(
      /^latchkey: .* newer version .*FromTheFuture1999999999999\. Restore it with that/,
    );
    expect([refused.status, await relations(target)]).toEqual([1, 0]);
  });

  it('restores a backup of an older schema, runs the migrations that it lacks, and names foreign tables', async () => {
    const older = await emptyDatabase();
    await migrate(older.target, POOL, { waitMs: 0 });
    await withDataSource(older.target, POOL, { waitMs: 0 }, (dataSource) => dataSource.undoLastMigration());
    await older.query('CREATE TABLE letters AS SELECT 1 AS number');
    const path = join(folder.path, 'older.backup');
    expect((await latchkey(older, ['backup', path])).status).toBe(0);
    const target = await emptyDatabase();
    const done = await latchkey(target, ['restore', path]);
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout).toMatch(/^The backup was older; migrations that ran: \w+\d{13}\.$/m);
    expect(done.stdout).toMatch(/^Left out, because Latchkey has no such tables: letters\.$/m);
    expect(await tableNames(target)).toEqual(await tableNames(source));
    expect(await latchkey(target, ['migrate', '--plan'])).toMatchObject({
      stdout: 'The database is up to date.\n',
    });
  });

  it('passes a backup on from one command to the other', async () => {
    const target = await emptyDatabase();
    const start = (command: string, url: string) =>
      spawn(process.execPath, [CLI, command, '-'], {
        cwd: folder.path,
        env: { PATH: process.env['PATH'] ?? '', ...SETTINGS, DATABASE_URL: url },
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    const [saving, restoring] = [start('backup', urlOf(source.target)), start('restore', target.url)];
    saving.stdout.pipe(restoring.stdin);
    restoring.stdout.resume();
    const [status] = await once(restoring, 'exit');
    expect(status).toBe(0);
    expect(await tableNames(target)).toEqual(await tableNames(source));
  });
});

describe('what a restored backup revives', () => {
  const [, commands = ''] =
    /### A restored backup revives.*?```\n(.*?)```/s.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];

  it('is ended by the commands of docs/operations.md', async () => {
    const target = await emptyDatabase();
    await latchkey(target, ['restore', file, '--keep-sessions']);
    await serverOn(target, async (server) => {
      const [key] = (await server.client.get<Array<{ kid: string }>>('/keys', { token: admin.access_token }))
        .body;
      const [since] = await target.query<{ now: Date }>('SELECT now()');
      expect(await verdictOn(server, admin.access_token)).toBe(200);
      const replaced: Record<string, [who: string, id: string]> = {
        'users disable': [people.disabled.id, ''],
        'users set-password': [people.leaked.id, ''],
        'users roles': [people.demoted.id, ''],
        'users delete': [people.deleted.id, ''],
        'clients rotate-secret': ['', client.client_id],
        'clients delete': ['', deletedClient.client_id],
      };
      for (const line of commands.trim().split('\n')) {
        const words = line.replace('npm run latchkey -- ', '').split(' ');
        const [who, id] = replaced[words.slice(0, 2).join(' ')] ?? ['', ''];
        const values = {
          WHO: who,
          ID: id,
          ROLE: 'user',
          KID: key?.kid ?? '',
          TIME: since?.now.toISOString() ?? '',
        };
        const args = words.map((word) => values[word as keyof typeof values] ?? word);
        // Verifying opens a database of its own, that of the settings.
        const { status, stderr } =
          line === 'npm run latchkey -- audit verify'
            ? await latchkey(target, args)
            : await runInside(server, args, { password: 'a new pass phrase' });
        expect({ line, status, stderr }).toMatchObject({ line, status: 0 });
      }
      const login = async ({ username, password }: Member) =>
        (await server.client.post('/auth/login', { json: { username, password } })).status;
      expect(await verdictOn(server, admin.access_token)).toBe('token_revoked');
      expect((await server.client.refresh(admin.refresh_token)).status).toBe(401);
      expect(await Promise.all([people.disabled, people.leaked, people.deleted].map(login))).toEqual([
        403, 401, 401,
      ]);
      expect((await server.client.login(people.demoted)).scope).not.toContain('users:write');
      for (const one of [client, deletedClient]) {
        expect((await oauth(server, 'token', { grant_type: 'client_credentials' }, one)).status).toBe(401);
      }
      const { body } = await server.client.get<{ keys: Array<{ kid: string }> }>('/.well-known/jwks.json');
      expect(body.keys.map(({ kid }) => kid)).not.toContain(key?.kid);
    });
  });
});
