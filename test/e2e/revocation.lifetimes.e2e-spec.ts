import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Housekeeping, KeyRotation } from '../support/service/built.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';
import type { Person, TokenPair } from '../support/http/client.js';
import { runInside } from '../support/service/cli.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

type Member = Person & TokenPair;

const [LONG, SHORT] = [3600, 5];
const MINUTE_MS = 60_000;
const secret = newSecret();

let database: TestDatabase;
const running: TestServer[] = [];

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
  await database.query('TRUNCATE access_lifetimes, revocations');
});

/** An instance whose access tokens live so many seconds. */
async function instance(seconds: number, env: Record<string, string> = {}): Promise<TestServer> {
  const settings = { ACCESS_TOKEN_EXPIRE_SECONDS: String(seconds), SECRET_KEY: secret, ...env };
  const server = await startServer({ env: settings, database });
  running.push(server);
  return server;
}

async function stop(server: TestServer): Promise<void> {
  running.splice(running.indexOf(server), 1);
  await server.close();
}

async function verdict({ client }: TestServer, token: string): Promise<unknown> {
  const { status, body } = await client.get('/auth/verify', { token });
  return status === 200 ? 200 : body['code'];
}

/** Moves the time in steps, with the housekeeping of each, and expects the same verdict until the last second. */
async function expectForItsWholeLife(server: TestServer, token: string, expected: unknown): Promise<void> {
  const { exp } = decode(token).claims as { exp: number };
  for (const beforeEnd of [3595, 3500, 3000, 1800, 60, 1]) {
    const left = exp * 1000 - server.clock.now() - beforeEnd * 1000;
    if (left > 0) await server.move(left);
    await server.app.get(Housekeeping).sweep();
    expect([beforeEnd, await verdict(server, token)]).toEqual([beforeEnd, expected]);
  }
}

const cli = async (server: TestServer, ...args: string[]): Promise<void> => {
  expect(await runInside(server, args)).toMatchObject({ status: 0 });
};
const inAMinute = ({ clock }: TestServer): string => new Date(clock.now() - 9 * MINUTE_MS).toISOString();

const ENDS: ReadonlyArray<
  readonly [what: string, end: (server: TestServer, member: Member) => Promise<unknown>, code?: string]
> = [
  ['logging out', (server, { access_token: token }) => server.client.post('/auth/logout', { token })],
  [
    'logging out everywhere',
    (server, { access_token: token }) => server.client.post('/auth/logout-all', { token }),
  ],
  ['disabling the user', (server, { id }) => cli(server, 'users', 'disable', id)],
  ['deleting the user', (server, { id }) => cli(server, 'users', 'delete', id, '--yes')],
  ['a change of roles', (server, { id }) => cli(server, 'users', 'roles', id, 'admin'), 'token_stale'],
  ['revoke all', (server) => cli(server, 'revoke', 'all', '--reason', 'a test')],
  [
    'a sweep ten minutes after the login',
    async (server) => {
      await server.move(10 * MINUTE_MS);
      await cli(server, 'incident', '--ip', '127.0.0.0/8', '--yes');
    },
  ],
  [
    'an incident of a time that is longer ago than a token of today lives',
    async (server) => {
      await server.move(10 * MINUTE_MS);
      await cli(server, 'incident', '--issued-before', inAMinute(server), '--yes');
    },
  ],
];

describe('an access token of before the lifetime was shortened', () => {
  it.each(ENDS)('stays refused for its whole life after %s', async (_, end, code = 'token_revoked') => {
    const before = await instance(LONG);
    const member = await before.client.newcomer();
    await stop(before);
    const server = await instance(SHORT);
    expect(await verdict(server, member.access_token)).toBe(200);
    await end(server, member);
    await expectForItsWholeLife(server, member.access_token, code);
    // An instance that starts now knows it too.
    await stop(server);
    const later = await instance(SHORT);
    await later.move(30 * MINUTE_MS);
    expect(await verdict(later, member.access_token)).toBe(code);
  });

  it('stays refused where another instance still issues tokens of the long life', async () => {
    const [long, short] = [await instance(LONG), await instance(SHORT)];
    const member = await long.client.newcomer();
    expect((await short.client.post('/auth/logout', { token: member.access_token })).status).toBe(204);
    await expectForItsWholeLife(short, member.access_token, 'token_revoked');
    await expectForItsWholeLife(long, member.access_token, 'token_revoked');
  });

  it('is accepted for its whole life after its key has retired', async () => {
    const env = { JWT_ALGORITHM: 'ES256', REFRESH_TOKEN_IDLE_SECONDS: '60' };
    const before = await instance(LONG, env);
    const { access_token: token } = await before.client.newcomer();
    await stop(before);
    const server = await instance(SHORT, env);
    await cli(server, 'keys', 'rotate');
    const [key] = await database.query<{ left: number }>(
      `SELECT extract(epoch FROM verify_until)::int - $1::int AS left FROM signing_keys WHERE kid = $2`,
      [(decode(token).claims as { exp: number }).exp, String(decode(token).header['kid'])],
    );
    expect(key?.left).toBeGreaterThan(0);
    const { exp } = decode(token).claims as { exp: number };
    await server.move(exp * 1000 - server.clock.now() - 2000);
    await server.app.get(KeyRotation).reload();
    expect(await verdict(server, token)).toBe(200);
  });
});

describe('the lifetimes in the database', () => {
  it('go once the last token of theirs has expired', async () => {
    await stop(await instance(LONG));
    const server = await instance(SHORT);
    const lifetimes = async (): Promise<unknown[]> =>
      (await database.query('SELECT seconds FROM access_lifetimes ORDER BY seconds')).map(
        ({ seconds }) => seconds,
      );
    expect(await lifetimes()).toEqual([SHORT + 5, LONG + 5]);
    await server.move(69 * MINUTE_MS);
    await server.app.get(Housekeeping).sweep();
    expect(await lifetimes()).toEqual([LONG + 5]);
    await server.move(2 * MINUTE_MS);
    await server.app.get(Housekeeping).sweep();
    expect(await lifetimes()).toEqual([]);
    const { access_token: token } = await server.client.newcomer();
    await server.client.post('/auth/logout', { token });
    const [row] = await database.query<{ lasts: number }>(
      'SELECT extract(epoch FROM expires_at - created_at)::int AS lasts FROM revocations',
    );
    expect(row?.lasts).toBe(SHORT + 5 + 60);
  });
});
