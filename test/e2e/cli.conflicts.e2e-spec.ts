import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { administrator, verdict } from '../support/actors/administrators.js';
import type { Person } from '../support/http/client.js';
import { runInside } from '../support/service/cli.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { MADE_HASHES, PASSWORD } from '../vectors/foreign-hashes.js';

const HASH = MADE_HASHES[0]?.hash ?? '';
const ID = '0190163d-8694-739b-aea5-966c26f8ad91';

let server: TestServer;
let folder: Folder;

beforeAll(async () => {
  folder = await newFolder();
  server = await startServer({});
});
afterEach(() => server.database.query('DELETE FROM users'));
afterAll(async () => {
  await server.close();
  await folder.remove();
});

type Fields = Readonly<Record<string, unknown>>;

let files = 0;

async function imported(rows: readonly Fields[], ...options: string[]) {
  const path = join(folder.path, `${++files}.ndjson`);
  await writeFile(path, rows.map((row) => `${JSON.stringify({ password_hash: HASH, ...row })}\n`).join(''));
  const args = ['users', 'import', path, '--without-proof', '--json', ...options];
  const { status, stdout } = await runInside(server, args);
  const told = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Fields);
  return { status, listed: told.slice(0, -1), counts: told.at(-1) ?? {} };
}

async function login(username: string, password: string): Promise<number> {
  return (await server.client.post('/auth/login', { json: { username, password } })).status;
}

async function account(id: string): Promise<Fields | undefined> {
  const [row] = await server.database.query('SELECT * FROM users WHERE id = $1', [id]);
  return row;
}

async function takeOvers(): Promise<Array<{ subject: unknown; actor: unknown }>> {
  return server.database.query(
    `SELECT subject, actor FROM audit_events WHERE action = 'user.taken_over' ORDER BY id DESC`,
  );
}

function ada({ email }: Pick<Person, 'email'>, more: Fields = {}): Fields {
  return { email: email.toUpperCase(), username: 'ada.lovelace', full_name: 'Ada Lovelace', ...more };
}

describe('an account that holds a name of the file', () => {
  it.each([
    ['address', 'email', (person: Person) => ada(person)],
    ['user name', 'username', ({ username }: Person) => ada({ email: 'ada@example.com' }, { username })],
    ['address, with an id in the file', 'email', (person: Person) => ada(person, { id: ID })],
  ])('is a conflict for its %s: reported each time, and unchanged', async (_, field, row) => {
    const squatter = await server.client.newcomer();
    const before = await account(squatter.id);
    for (let times = 0; times < 2; times++) {
      const { status, listed, counts } = await imported([row(squatter), { email: 'bob@example.com' }]);
      expect(status).toBe(1);
      expect(listed).toEqual([{ line: 1, field, reason: 'taken', account: squatter.id }]);
      expect(counts).toMatchObject({ added: 1 - times, present: times, conflicts: 1, refused: 0 });
    }
    expect(await account(squatter.id)).toEqual(before);
    expect((await server.client.me(squatter.access_token)).status).toBe(200);
    const dry = await imported([row(squatter)], '--dry-run', '--take-over');
    expect([dry.status, dry.counts['conflicts'], await account(squatter.id)]).toEqual([1, 1, before]);
  });

  it('is a conflict where an import made it of another user, who changed the address since', async () => {
    await imported([{ email: 'mallory@example.com' }]);
    await server.database.query(`UPDATE users SET email = 'ada@example.com', email_key = 'ada@example.com'`);
    const { status, counts } = await imported([{ email: 'ada@example.com' }]);
    expect([status, counts['conflicts'], counts['present']]).toEqual([1, 1, 0]);
  });

  it('is listed up to a thousand times, and counted beyond', async () => {
    await server.database.query(
      `INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at)
       SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', '', now(), now()
         FROM generate_series(1, 1001) n`,
    );
    const rows = Array.from({ length: 1001 }, (_, n) => ({ email: `u${n + 1}@example.com` }));
    const { listed, counts } = await imported(rows);
    expect([listed.length, counts['conflicts']]).toEqual([1000, 1001]);
  });
});

describe('--take-over', () => {
  it.each([
    ['address', (person: Person) => ada(person)],
    ['user name', ({ username }: Person) => ada({ email: 'ada@example.com' }, { username })],
  ])('gives the account that holds the %s to the user, and ends its sessions', async (_, row) => {
    const squatter = await server.client.newcomer();
    const { status, listed, counts } = await imported([row(squatter)], '--take-over');
    expect([status, listed]).toEqual([0, []]);
    expect(counts).toMatchObject({ taken_over: 1, conflicts: 0, added: 0 });
    expect(verdict(await server.client.me(squatter.access_token))).toEqual([401, 'token_revoked']);
    expect(verdict(await server.client.refresh(squatter.refresh_token))).toEqual([401, 'session_revoked']);
    const { email, username } = row(squatter);
    expect(await login(String(email), squatter.password)).toBe(401);
    expect(await login(String(username), PASSWORD)).toBe(200);
    expect(await account(squatter.id)).toMatchObject({ email, username, full_name: 'Ada Lovelace' });
    expect((await takeOvers())[0]).toEqual({ subject: squatter.id, actor: 'command-line' });
    const again = await imported([row(squatter)]);
    expect([again.status, again.counts['present']]).toEqual([0, 1]);
  });

  it('changes nothing where two accounts hold the two names', async () => {
    const [one, other] = [await server.client.newcomer(), await server.client.newcomer()];
    const before = [await account(one.id), await account(other.id)];
    const { status, counts } = await imported([ada(one, { username: other.username })], '--take-over');
    expect([status, counts['conflicts'], counts['taken_over']]).toEqual([1, 1, 0]);
    expect([await account(one.id), await account(other.id)]).toEqual(before);
  });

  it('leaves no session of the former holder, who logs in at the same moment', async () => {
    const squatter = await server.client.newcomer();
    await Promise.all(Array.from({ length: 4 }, () => login(squatter.email, squatter.password)));
    const guesses = Array.from({ length: 4 }, () =>
      server.client.post('/auth/login', { json: { username: squatter.email, password: squatter.password } }),
    );
    const [{ counts }, ...answers] = await Promise.all([
      imported([ada(squatter)], '--take-over'),
      ...guesses,
    ]);
    expect(counts['taken_over']).toBe(1);
    for (const { status, body } of answers) {
      if (status === 200) {
        expect(verdict(await server.client.me(String(body['access_token'])))).toEqual([401, 'token_revoked']);
      } else expect(status).toBe(401);
    }
  });
});

describe('a user who is imported again under the id of a deleted account', () => {
  it('gets tokens that are accepted', async () => {
    await imported([{ email: 'ada@example.com', id: ID }]);
    await login('ada@example.com', PASSWORD);
    const admin = await administrator(server);
    const { status } = await server.client.request('DELETE', `/users/${ID}`, { token: admin.access_token });
    expect(status).toBe(204);
    expect((await imported([{ email: 'ada@example.com', id: ID }])).counts['added']).toBe(1);
    const tokens = await server.client.login({ username: 'ada@example.com', password: PASSWORD });
    expect((await server.client.me(tokens.access_token)).status).toBe(200);
  });

  it('gets tokens that are accepted also where the deletion commits during the import', async () => {
    const admin = await administrator(server);
    await imported([{ email: 'ada@example.com', id: ID }]);
    await login('ada@example.com', PASSWORD);
    const [{ status }, { counts }] = await Promise.all([
      server.client.request('DELETE', `/users/${ID}`, { token: admin.access_token }),
      imported([{ email: 'ada@example.com', id: ID }]),
    ]);
    expect(status).toBe(204);
    if (counts['added'] !== 1) await imported([{ email: 'ada@example.com', id: ID }]);
    const tokens = await server.client.login({ username: 'ada@example.com', password: PASSWORD });
    expect((await server.client.me(tokens.access_token)).status).toBe(200);
  });
});
