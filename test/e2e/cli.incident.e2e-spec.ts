import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { administrator } from '../support/actors/administrators.js';
import { runInside, type Typed } from '../support/service/cli.js';
import type { Person, TokenPair } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'ES256' } });
});
beforeEach(() => server.database.query('DELETE FROM sessions'));
afterAll(() => server.close());

const incident = (args: readonly string[], typed?: Typed) => runInside(server, ['incident', ...args], typed);

/** The JSON output: the preview and, after the incident was applied, its counts. */
async function reports(...args: string[]): Promise<Array<Record<string, unknown>>> {
  const { status, stdout } = await incident([...args, '--json']);
  expect(status).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function codeOf(token: string): Promise<unknown> {
  const { status, body } = await server.client.me(token);
  return status === 200 ? 200 : body['code'];
}

async function expectDead(pair: { access_token: string; refresh_token: string }): Promise<void> {
  expect(await codeOf(pair.access_token)).toBe('token_revoked');
  expect((await server.client.refresh(pair.refresh_token)).status).toBe(401);
}

async function expectAlive(pair: TokenPair): Promise<void> {
  expect(await codeOf(pair.access_token)).toBe(200);
  expect((await server.client.refresh(pair.refresh_token)).status).toBe(200);
}

const timeNow = () => new Date(server.clock.now()).toISOString();
const people = (count: number): Promise<Array<Person & TokenPair>> =>
  Promise.all(Array.from({ length: count }, () => server.client.newcomer()));

async function openedFrom(pair: TokenPair, ip: string): Promise<void> {
  await server.database.query('UPDATE sessions SET ip = $2 WHERE id = $1', [
    decode(pair.access_token).claims['sid'],
    ip,
  ]);
}

/** Inserts sessions without tokens, of an existing user. */
async function idleSessions(count: number, { id }: Person): Promise<void> {
  await server.database.query(
    `INSERT INTO sessions (id, user_id, client_id, refresh_token_id, rotated_at, idle_expires_at, expires_at, created_at,
                           last_used_at)
     SELECT gen_random_uuid(), $1, 'first-party', gen_random_uuid(), t, t + interval '7 days', t + interval '30 days', t, t
       FROM generate_series(1, $2), (SELECT $3::timestamptz - interval '1 day' AS t) times`,
    [id, count, timeNow()],
  );
}

interface LoggedEvent {
  readonly action: string;
  readonly actor: string;
  readonly details: Record<string, unknown>;
}

function events(): Promise<LoggedEvent[]> {
  return server.database.query<LoggedEvent>(
    `SELECT action, actor, details FROM audit_events WHERE action LIKE 'incident.%' ORDER BY id`,
  );
}

describe('an incident', () => {
  it('is previewed and changes nothing without --yes or the typed number', async () => {
    const [one, two] = await people(2);
    if (!one || !two) throw new Error('a user is missing');
    const before = await events();
    const now = timeNow();
    server.clock.move(1000);
    const args = ['--issued-before', now];
    server.clock.move(1000);
    expect(await reports(...args)).toEqual([
      expect.objectContaining({
        done: false,
        issued_before: now,
        sessions: 2,
        users: 2,
        examples: expect.any(Array),
      }),
    ]);
    for (const answer of [undefined, '', 'y', 'yes', '3']) {
      const { status, stdout, stderr } = await incident(args, { ...(answer !== undefined && { answer }) });
      expect([status, stdout, stderr]).toEqual([
        0,
        expect.stringContaining(`before ${now}: 2, of 2 users`),
        'Nothing was changed; --yes applies the incident.\n',
      ]);
    }
    expect(await events()).toEqual(before);
    await expectAlive(one);
    expect((await incident(args, { answer: '2' })).stdout).toContain('Ended 2 sessions');
    await expectDead(two);
  });

  it('by time ends sessions opened before it, with the tokens they got since, and no later session', async () => {
    const early = await server.client.newcomer();
    server.clock.move(1000);
    const time = timeNow();
    server.clock.move(1000);
    const refreshed = (await server.client.refresh(early.refresh_token)).body;
    const late = await server.client.newcomer();
    const [, done] = await reports('--issued-before', time, '--yes');
    expect(done).toMatchObject({ done: true, issued_before: time, sessions: 1 });
    await expectDead(refreshed);
    await expectAlive(late);
  });

  it('of a user ends all sessions of the user and no other, and is recorded with its counts', async () => {
    const [person, other] = await people(2);
    if (!person || !other) throw new Error('a user is missing');
    const second = await server.client.login(person);
    const [, done] = await reports('--user', person.email, '--reason', 'taken over', '--yes');
    expect(done).toMatchObject({ sessions: 2, revocations: 1 });
    await expectDead(person);
    await expectDead(second);
    await expectAlive(other);
    await expectAlive(await server.client.login(person));
    expect((await events()).slice(-2)).toEqual([
      {
        action: 'incident.started',
        actor: 'command-line',
        details: expect.objectContaining({ user: person.id, reason: 'taken over' }),
      },
      {
        action: 'incident.answered',
        actor: 'command-line',
        details: expect.objectContaining({ user: person.id, sessions: 2, revocations: 1 }),
      },
    ]);
  });

  it('of a client also kills tokens without a session', async () => {
    const admin = await administrator(server);
    const { body: client } = await server.client.post('/clients', {
      token: admin.access_token,
      json: { name: 'billing', scopes: [], grants: ['client_credentials'] },
    });
    const [id, secret] = [String(client['client_id']), String(client['client_secret'])];
    const grant = { grant_type: 'client_credentials', client_id: id, client_secret: secret };
    const { body: token } = await server.client.post('/oauth/token', { form: grant });
    server.clock.move(1000);
    const verify = () => server.client.get('/auth/verify', { token: String(token['access_token']) });
    expect((await verify()).status).toBe(200);
    await reports('--client', id, '--yes');
    expect((await verify()).body['code']).toBe('token_revoked');
    await expectAlive(admin);
    await reports('--client', 'first-party', '--yes');
    await expectDead(admin);
  });

  it('by address ends the sessions opened from there, however the address is written', async () => {
    const [here, mapped, near, strange] = await people(4);
    if (!here || !mapped || !near || !strange) throw new Error('a user is missing');
    await openedFrom(here, '203.0.113.9');
    await openedFrom(mapped, '::ffff:203.0.113.9');
    await openedFrom(near, '203.0.113.10');
    await openedFrom(strange, 'unknown');
    server.clock.move(1000);
    expect(await reports('--ip', '203.0.113.9', '--yes')).toEqual([
      expect.objectContaining({ sessions: 2 }),
      expect.objectContaining({ sessions: 2, revocations: 2 }),
    ]);
    await expectDead(here);
    await expectDead(mapped);
    await expectAlive(near);
    expect((await reports('--ip', '203.0.113.0/24', '--yes'))[1]).toMatchObject({ sessions: 1 });
    expect(await codeOf(near.access_token)).toBe('token_revoked');
    await expectAlive(strange);
    expect(JSON.stringify(await events())).not.toContain('203.0.113');
  });

  it('ends only the sessions that meet every condition', async () => {
    const [person, other] = await people(2);
    if (!person || !other) throw new Error('a user is missing');
    const elsewhere = await server.client.login(person);
    await openedFrom(person, '198.51.100.1');
    await openedFrom(other, '198.51.100.1');
    server.clock.move(1000);
    const [, done] = await reports(
      '--user',
      person.id,
      '--ip',
      '198.51.100.1',
      '--client',
      'first-party',
      '--yes',
    );
    expect(done).toMatchObject({ sessions: 1 });
    await expectDead(person);
    await expectAlive(elsewhere);
    await expectAlive(other);
  });

  it('of a key drops the key and ends the sessions whose refresh token it signed', async () => {
    const person = await server.client.newcomer();
    const { kid } = decode(person.access_token).header;
    server.clock.move(1000);
    const [plan, done] = await reports('--kid', String(kid), '--yes');
    expect([plan, done]).toEqual([
      expect.objectContaining({ sessions: 1, key_of_settings: false }),
      expect.objectContaining({ sessions: 1 }),
    ]);
    const rows = await server.database.query(
      `SELECT cutoff = expires_at AS "forGood" FROM revocations WHERE kind = 'key' AND subject = $1`,
      [kid],
    );
    expect(rows).toEqual([{ forGood: true }]);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect((await server.client.refresh(person.refresh_token)).status).toBe(401);
    const live = await server.database.query('SELECT 1 FROM sessions WHERE revoked_at IS NULL');
    expect(live).toEqual([]);
    for (const unknown of ['no-such-key', '-no-such-key']) {
      expect(await incident(['--kid', unknown, '--yes'])).toMatchObject({ status: 1, stdout: '' });
    }
  });

  it('that was interrupted continues when it is run again', async () => {
    const person = await server.client.register();
    await idleSessions(2500, person);
    const before = await events();
    const time = timeNow();
    server.clock.move(1000);
    const args = ['--issued-before', time, '--yes'];
    const broken = await incident(args, { breakOffAt: 900 });
    expect(broken.status).toBe(1);
    const left = async () =>
      (await server.database.query('SELECT 1 FROM sessions WHERE revoked_at IS NULL')).length;
    expect(await left()).toBe(1500);
    expect((await reports(...args))[1]).toMatchObject({ sessions: 1500 });
    expect(await left()).toBe(0);
    const since = (await events())
      .slice(before.length)
      .map(({ action, details }) => [action, details['sessions']]);
    expect(since).toEqual([
      ['incident.started', undefined],
      ['incident.started', undefined],
      ['incident.answered', 1500],
    ]);
    // Their last use is longer ago than the life of an access token, so none of them needs a revocation.
    expect((await reports(...args))[0]).toMatchObject({ sessions: 0 });
  });

  it('leaves no session alive that is refreshed meanwhile', async () => {
    await Promise.all(Array.from({ length: 20 }, () => server.client.get('/health/ready')));
    for (let round = 0; round < 10; round++) {
      const crowd = await people(6);
      server.clock.move(10);
      const [[, done], ...refreshed] = await Promise.all([
        reports('--issued-before', timeNow(), '--yes'),
        ...crowd.map((person) => server.client.refresh(person.refresh_token)),
      ]);
      expect(done).toMatchObject({ sessions: 6 });
      for (const { status, body } of refreshed) if (status === 200) await expectDead(body);
      for (const person of crowd) await expectDead(person);
    }
  });

  it.each([
    [[]],
    [['--yes']],
    [['--kid', 'a', '--user', 'b']],
    [['--ip', 'localhost']],
    [['--ip', '10.0.0.0/33']],
    [['--issued-before', 'now']],
    [['--issued-before', '2999-01-01T00:00:00Z']],
    [['--user', 'x', 'y']],
  ])('is not %j', async (args) => {
    expect(await incident(args)).toMatchObject({ status: 2, stdout: '' });
  });
});
