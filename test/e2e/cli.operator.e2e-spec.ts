import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { symlink } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { CLI, runInside, type CliExit, type Typed } from '../support/service/cli.js';
import type { TokenPair } from '../support/http/client.js';
import { urlOf } from '../support/database/database.js';
import { newFolder } from '../support/service/process.js';
import { administrator, type Member } from '../support/actors/administrators.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId } from '../support/tokens/tokens.js';

let server: TestServer;
let admin: Member;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
  admin = await administrator(server);
});
afterAll(() => server.close());

const latchkey = (args: readonly string[], typed?: Typed) => runInside(server, args, typed);

async function listed(...args: string[]): Promise<Array<Record<string, unknown>>> {
  const { status, stdout, stderr } = await latchkey([...args, '--json']);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Array<Record<string, unknown>>;
}

async function codeOf(token: string): Promise<unknown> {
  const { status, body } = await server.client.me(token);
  return status === 200 ? 200 : body['code'];
}

async function expectDead(pair: { access_token: string; refresh_token: string }): Promise<void> {
  expect(await codeOf(pair.access_token)).toBe('token_revoked');
  expect((await server.client.refresh(pair.refresh_token)).status).toBe(401);
}

const sidOf = (token: string) => String(decode(token).claims['sid']);

async function lastEvent(subject: string): Promise<unknown> {
  const [event] = await listed('audit', 'list', '--subject', subject, '--limit', '1');
  return event && { action: event['action'], actor: event['actor'], details: event['details'] };
}

describe('users on the command line', () => {
  it('are created with a password that is not an argument, and the audit log names the command line', async () => {
    const password = 'correct horse battery';
    const args = ['users', 'create', '--email', 'Grace@example.com', '--username', 'grace', '--json'];
    const { status, stdout } = await latchkey(args, { password });
    const user = JSON.parse(stdout) as Record<string, unknown>;
    expect([status, user['email'], user['roles']]).toEqual([0, 'Grace@example.com', ['user']]);
    expect(await codeOf((await server.client.login({ username: 'grace', password })).access_token)).toBe(200);
    const events = await listed(
      'audit',
      'list',
      '--subject',
      String(user['id']),
      '--action',
      'user.registered',
    );
    expect(events).toEqual([expect.objectContaining({ actor: 'command-line', ip: null, session_id: null })]);
    expect(await latchkey(args, { password })).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^latchkey: .* taken\n$/),
    });
    expect(await latchkey(args)).toMatchObject({ status: 2, stdout: '' });
    expect(await latchkey(args, { password: 'short' })).toMatchObject({
      status: 1,
      stderr: 'latchkey: password: This value is too short: at least 8 characters\n',
    });
  });

  it('are found by id, e-mail address and user name in any case, and by nothing else', async () => {
    const person = await server.client.register();
    for (const who of [person.id, person.id.toUpperCase(), person.email.toUpperCase(), person.username]) {
      const { status, stdout } = await latchkey(['users', 'show', who]);
      expect([status, stdout]).toEqual([0, expect.stringContaining(person.id)]);
    }
    for (const who of [freshId(), 'nobody@example.com', 'nobody', 'a\u0000b']) {
      const { status, stdout, stderr } = await latchkey(['users', 'show', who]);
      expect([status, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^latchkey: .+\n$/)]);
    }
  });

  it('are listed across pages, and by the beginning of their address', async () => {
    await server.database.query(
      `INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at)
       SELECT gen_random_uuid(), 'many' || n || '@example.com', 'many' || n || '@example.com', '', now(), now()
         FROM generate_series(1, 150) n`,
    );
    expect(await listed('users', 'list', '--email-prefix', 'MANY', '--limit', '120')).toHaveLength(120);
    const all = await listed('users', 'list', '--email-prefix', 'many', '--limit', '1000');
    expect(new Set(all.map(({ id }) => id)).size).toBe(150);
    const rest = await listed('users', 'list', '--email-prefix', 'many', '--after', String(all[139]?.['id']));
    expect(rest.map(({ id }) => id)).toEqual(all.slice(140).map(({ id }) => id));
    const { stdout, stderr } = await latchkey(['users', 'list', '--email-prefix', 'many', '--limit', '3']);
    expect([stdout.split('\n').length, stderr]).toEqual([4, expect.stringMatching(/^3 of 150; --after /)]);
  });

  it('lose their sessions when they are disabled, and can log in again when they are enabled', async () => {
    const person = await server.client.newcomer();
    expect((await latchkey(['users', 'disable', person.email])).status).toBe(0);
    await expectDead(person);
    expect(await lastEvent(person.id)).toEqual({
      action: 'user.disabled',
      actor: 'command-line',
      details: null,
    });
    expect((await latchkey(['users', 'enable', person.username])).status).toBe(0);
    await expectDead(person);
    expect(await codeOf((await server.client.login(person)).access_token)).toBe(200);
    expect(await lastEvent(person.id)).toMatchObject({ action: 'user.enabled', actor: 'command-line' });
  });

  it('get a new password without the old one, which ends their sessions and resets the limit of guesses', async () => {
    const person = await server.client.newcomer();
    for (let guess = 0; guess < 6; guess++) {
      await server.client.post('/auth/login', { json: { username: person.username, password: 'wrong' } });
    }
    const password = 'another horse battery';
    const command = ['users', 'set-password', person.username, '--stdin'];
    const { status, stdout, stderr } = await latchkey(command, { password });
    expect([status, stdout, stderr]).toEqual([0, '', expect.not.stringContaining(password)]);
    await expectDead(person);
    const { access_token: token } = await server.client.login({ ...person, password });
    expect(await codeOf(token)).toBe('password_change_required');
    const old = await server.client.post('/auth/login', {
      json: { username: person.username, password: person.password },
    });
    expect(old.status).toBe(401);
  });

  it('get a generated password, which is printed once and must be changed', async () => {
    const person = await server.client.newcomer();
    const { status, stdout, stderr } = await latchkey(['users', 'set-password', person.email]);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^[\w-]{20}\n$/)]);
    expect(stderr).toContain('must change the password');
    await expectDead(person);
    const { access_token: token } = await server.client.login({ ...person, password: stdout.trim() });
    expect(await codeOf(token)).toBe('password_change_required');
  });

  it('keep no session of a login with the old password that runs at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, () => server.client.get('/health/ready')));
    for (let round = 0; round < 8; round++) {
      const person = await server.client.newcomer();
      const password = `another horse battery ${round}`;
      const old = { json: { username: person.username, password: person.password } };
      const [{ status }, ...logins] = await Promise.all([
        latchkey(['users', 'set-password', person.id, '--stdin'], { password }),
        ...Array.from({ length: 6 }, () => server.client.post<TokenPair>('/auth/login', old)),
        server.client.refresh(person.refresh_token),
      ]);
      expect(status).toBe(0);
      for (const login of logins) if (login.status === 200) await expectDead(login.body);
      await expectDead(person);
      const { access_token: token } = await server.client.login({ ...person, password });
      expect(await codeOf(token)).toBe('password_change_required');
    }
  });

  it('get other roles, and their tokens become stale', async () => {
    const person = await server.client.newcomer();
    const { status, stdout } = await latchkey(['users', 'roles', person.id, 'user', 'admin', '--json']);
    expect([status, (JSON.parse(stdout) as { roles: unknown }).roles]).toEqual([0, ['admin', 'user']]);
    expect(await codeOf(person.access_token)).toBe('token_stale');
    expect((await latchkey(['users', 'roles', person.id, 'no-such-role'])).status).toBe(1);
    expect((await latchkey(['users', 'roles', person.id, 'user'])).status).toBe(0);
  });

  it('are deleted only after confirmation or with --yes', async () => {
    const person = await server.client.newcomer();
    expect((await latchkey(['users', 'delete', person.id])).status).toBe(1);
    expect((await latchkey(['users', 'delete', person.id], { answer: 'y' })).status).toBe(1);
    expect(await codeOf(person.access_token)).toBe(200);
    expect((await latchkey(['users', 'delete', person.id, '--yes'])).status).toBe(0);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect((await latchkey(['users', 'show', person.id])).status).toBe(1);
  });

  it.each([
    ['users', 'disable'],
    ['users', 'delete', '--yes'],
    ['users', 'roles'],
  ])('keep their last administrator: %s %s is refused', async (...command) => {
    const [room = '', verb = '', ...rest] = command;
    const roles = verb === 'roles' ? ['user'] : [];
    expect(await latchkey([room, verb, admin.id, ...roles, ...rest])).toMatchObject({
      status: 1,
      stderr: 'latchkey: This is the last active administrator\n',
    });
    admin = { ...admin, ...(await server.client.loginForService(admin)) };
    expect((await server.client.get('/users', { token: admin.access_token })).status).toBe(200);
  });
});

describe('sessions on the command line', () => {
  it('are listed, and end one by one or all at once for a user', async () => {
    const person = await server.client.newcomer();
    const second = await server.client.login(person);
    const third = await server.client.login(person);
    const sessions = await listed('sessions', 'list', person.email);
    expect(sessions.map(({ id }) => id)).toEqual(
      [person, second, third].map((pair) => sidOf(pair.access_token)),
    );
    expect(sessions[0]).not.toHaveProperty('current');
    const id = sidOf(person.access_token);
    expect((await latchkey(['sessions', 'end', id])).status).toBe(0);
    await expectDead(person);
    expect(await lastEvent(id)).toEqual({ action: 'session.ended', actor: 'command-line', details: null });
    expect((await latchkey(['sessions', 'end', id])).status).toBe(1);
    expect(await codeOf(second.access_token)).toBe(200);
    expect((await latchkey(['sessions', 'end', '--user', person.username])).status).toBe(0);
    await expectDead(second);
    await expectDead(third);
    expect(await listed('sessions', 'list', person.email)).toEqual([]);
  });
});

describe('revoke', () => {
  it('ends sessions and tokens of the subject, and records the command line as actor', async () => {
    const [person, other] = [await server.client.newcomer(), await server.client.newcomer()];
    const reason = 'stolen laptop';
    const session = ['revoke', 'session', sidOf(person.access_token), '--reason', reason, '--json'];
    const { status, stdout } = await latchkey(session);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'session', reason });
    await expectDead(person);
    expect((await latchkey(['revoke', 'user', other.email, '--reason', reason])).status).toBe(0);
    await expectDead(other);
    const rows = await server.database.query(
      `SELECT kind, actor FROM revocations WHERE reason = $1 ORDER BY seq`,
      [reason],
    );
    expect(rows).toEqual(['session', 'user'].map((kind) => ({ kind, actor: 'command-line' })));
  });

  it('names the kind and the id of a subject that does not exist, and refuses a subject that is no id', async () => {
    for (const kind of ['user', 'session', 'client']) {
      const unknown = freshId();
      const { status, stderr } = await latchkey(['revoke', kind, unknown, '--reason', 'gone']);
      expect([status, stderr]).toEqual([1, `latchkey: no ${kind} "${unknown}"\n`]);
    }
    expect((await latchkey(['revoke', 'user', 'nobody', '--reason', 'gone'])).status).toBe(1);
    expect((await latchkey(['revoke', 'session', 'nobody', '--reason', 'gone'])).status).toBe(1);
    expect((await latchkey(['revoke', 'token', 'x', '--reason', 'gone'])).status).toBe(1);
  });

  it('of all takes no subject and ends every session', async () => {
    const person = await server.client.newcomer();
    expect((await latchkey(['revoke', 'all', '--reason', 'leak'])).status).toBe(0);
    await expectDead(person);
  });
});

describe('the command line', () => {
  it('prints the usage of a command for --help, and does not run it', async () => {
    const person = await server.client.newcomer();
    const { status, stdout } = await latchkey(['users', 'disable', person.id, '--help']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^Usage: latchkey users disable \[options\] <who>\n/),
    ]);
    expect(await codeOf(person.access_token)).toBe(200);
    expect((await latchkey(['users', '--help'])).stdout).not.toContain('incident');
    expect((await latchkey(['--help'])).stdout).toContain('incident');
    expect(await latchkey([])).toMatchObject({ status: 2, stdout: '' });
  });

  it.each([
    [['users', 'show']],
    [['users', 'show', 'a', 'b']],
    [['users', 'list', 'ada']],
    [['users', 'list', '--limit', '0']],
    [['users', 'list', '--after', 'x']],
    [['users', 'list', '--yes']],
    [['users', 'create']],
    [['users', 'paint']],
    [['users', 'show', 'a', '--no-such-option']],
    [['sessions', 'end']],
    [['sessions', 'end', 'x']],
    [['revoke', 'session', freshId()]],
    [['revoke', '--reason', 'x']],
    [['audit', 'list', '--action', 'user.painted']],
    [['audit', 'list', '--since', 'yesterday']],
    [['audit', 'list', '--since', '2999-01-01T00:00:00Z']],
  ])('answers %j with status 2, and writes only to standard error', async (args) => {
    expect(await latchkey(args, { password: 'correct horse battery' })).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^(latchkey: .+\n|Usage: )/s),
    });
  });

  it('asks for new settings after a leak of a key of the settings', async () => {
    const person = await server.client.newcomer();
    const { kid } = decode(person.access_token).header;
    const { status, stdout } = await latchkey(['incident', '--kid', String(kid), '--yes']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('The key comes from the settings')]);
    await expectDead(person);
    expect(await codeOf((await server.client.login(person)).access_token)).toBe(200);
  });

  it('lists the audit log since a time', async () => {
    const person = await server.client.register();
    server.clock.move(5000);
    const since = new Date(server.clock.now()).toISOString();
    await latchkey(['users', 'disable', person.id]);
    const events = await listed('audit', 'list', '--since', since, '--subject', person.id);
    const capitals = await listed('audit', 'list', '--since', since, '--subject', person.id.toUpperCase());
    expect(capitals).toEqual(events);
    expect(events.map(({ action }) => action)).toEqual(['user.disabled']);
    expect((await latchkey(['audit', 'list', '--subject', person.id])).stdout).toContain('by command-line');
  });

  it('runs by its name from the path, as in the image, and exits with the status of its fault', async () => {
    const folder = await newFolder();
    await symlink(CLI, join(folder.path, 'latchkey'));
    const run = (args: readonly string[], url: string, input = '') =>
      new Promise<CliExit>((done) => {
        const env = {
          PATH: `${folder.path}:${process.env['PATH']}`,
          SECRET_KEY: server.secret,
          DATABASE_URL: url,
        };
        const child = execFile('latchkey', args, { cwd: folder.path, env }, (error, stdout, stderr) =>
          done({ status: error ? Number(error.code) : 0, stdout, stderr }),
        );
        child.stdin?.end(input);
      });
    const [created, unreachable] = await Promise.all([
      run(
        ['users', 'create', '--email', 'piped@example.com'],
        urlOf(server.database.target),
        'a piped passphrase\n',
      ),
      run(['users', 'list'], 'postgresql://nobody:x@127.0.0.1:1/none'),
    ]);
    await folder.remove();
    expect(created).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('piped@example.com'),
    });
    expect(unreachable).toMatchObject({
      status: 69,
      stdout: '',
      stderr: expect.stringMatching(/^latchkey: .+\n$/),
    });
    const pair = await server.client.login({ username: 'piped@example.com', password: 'a piped passphrase' });
    expect(await codeOf(pair.access_token)).toBe(200);
  });
});
