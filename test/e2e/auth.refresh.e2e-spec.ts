import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import type { TokenPair } from '../support/http/client.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { raceRefreshes } from '../support/actors/refresh-race.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, refreshKey, reminted } from '../support/tokens/tokens.js';

const WINDOW_MS = 30_000;
/** `npm run test:faults` runs ten times as many, on one instance and on two. */
const ROUNDS = 20;
const PARALLEL = 50;
const UNKNOWN_SESSION = '00000000-0000-0000-0000-000000000000';

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: 'warn', JWT_ALGORITHM: 'HS256' } });
});
afterAll(() => server.close());

async function refreshed(token: string): Promise<TokenPair> {
  const answer = await server.client.refresh(token);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

async function refusal(token: string): Promise<unknown> {
  const { status, body } = await server.client.refresh(token);
  return [status, body['code']];
}

describe('refreshing', () => {
  it('answers a new pair whose access token works', async () => {
    const first = await server.client.newcomer();
    const second = await refreshed(first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await server.client.me(second.access_token)).status).toBe(200);
    expect(decode(second.refresh_token).claims['gen']).toBe(2);
    expect(decode(second.refresh_token).claims['sid']).toBe(decode(first.refresh_token).claims['sid']);
  });

  it('answers the consumed parent with the same successor within the reuse window', async () => {
    const { refresh_token: parent } = await server.client.newcomer();
    const first = await refreshed(parent);
    await server.move(WINDOW_MS - 1000);
    const again = await refreshed(parent);
    expect(again.refresh_token).toBe(first.refresh_token);
  });

  it('answers the parent with a fresh successor after the window, where the first was never used', async () => {
    const { refresh_token: parent } = await server.client.newcomer();
    const lost = await refreshed(parent);
    await server.move(WINDOW_MS + 1000);
    const fresh = await refreshed(parent);
    expect(fresh.refresh_token).not.toBe(lost.refresh_token);
    const next = await refreshed(fresh.refresh_token);
    expect((await server.client.me(next.access_token)).status).toBe(200);
  });

  it('ends the session where the voided successor is presented', async () => {
    const { refresh_token: parent } = await server.client.newcomer();
    const lost = await refreshed(parent);
    await server.move(WINDOW_MS + 1000);
    const fresh = await refreshed(parent);
    expect(await refusal(lost.refresh_token)).toEqual([401, 'refresh_token_reused']);
    expect(await refusal(fresh.refresh_token)).toEqual([401, 'session_revoked']);
    expect((await server.client.me(fresh.access_token)).body['code']).toBe('token_revoked');
  });

  it('ends the session where the grandparent is presented', async () => {
    const { refresh_token: grandparent } = await server.client.newcomer();
    const parent = await refreshed(grandparent);
    const live = await refreshed(parent.refresh_token);
    expect(await refusal(grandparent)).toEqual([401, 'refresh_token_reused']);
    expect(await refusal(live.refresh_token)).toEqual([401, 'session_revoked']);
    expect((await server.client.me(live.access_token)).body['code']).toBe('token_revoked');
  });

  it('ends the session when the victim of a theft refreshes after the window', async () => {
    const victim = await server.client.newcomer();
    const thief = await refreshed(victim.refresh_token);
    await refreshed(thief.refresh_token);
    await server.move(WINDOW_MS + 1000);
    expect(await refusal(victim.refresh_token)).toEqual([401, 'refresh_token_reused']);
    expect(await refusal(thief.refresh_token)).toEqual([401, 'session_revoked']);
  });

  it('keeps the user’s other sessions when one is ended for reuse', async () => {
    const person = await server.client.newcomer();
    const other = await server.client.login(person);
    const parent = await refreshed(person.refresh_token);
    await refreshed(parent.refresh_token);
    expect(await refusal(person.refresh_token)).toEqual([401, 'refresh_token_reused']);
    expect((await server.client.me(other.access_token)).status).toBe(200);
    await refreshed(other.refresh_token);
  });

  it('refuses a refresh token that was idle for seven days', async () => {
    const { refresh_token: token } = await server.client.newcomer();
    await server.move(7 * 86_400_000 + 1000);
    expect(await refusal(token)).toEqual([401, 'refresh_token_expired']);
  });

  it('refuses a refresh token after thirty days however often the session was used', async () => {
    let { refresh_token: token } = await server.client.newcomer();
    for (let day = 0; day < 30; day += 6) {
      token = (await refreshed(token)).refresh_token;
      await server.move(6 * 86_400_000);
    }
    expect(await refusal(token)).toEqual([401, 'refresh_token_expired']);
  });
});

describe('parallel refreshes of many sessions', () => {
  it('each answer the successor of their own session, with the scopes of its user', async () => {
    const pairs = await Promise.all(Array.from({ length: 30 }, () => server.client.newcomer()));
    const client = new KeepAliveClient(server.url, pairs.length);
    await client.warmUp();
    const answers = await Promise.all(pairs.map((pair) => client.refresh(pair.refresh_token)));
    client.close();
    const identity = (token: string): unknown => {
      const { sid, sub, gen, scope } = decode(token).claims;
      return { sid, sub, gen, scope };
    };
    for (const [index, { status, body }] of answers.entries()) {
      const { access_token: access, refresh_token: refresh } = pairs[index] as TokenPair;
      expect(status).toBe(200);
      expect(identity(body.access_token)).toEqual(identity(access));
      expect(identity(body.refresh_token)).toEqual({ ...(identity(refresh) as object), gen: 2 });
    }
  });

  it('are judged each by its own session: rotated, reused and ended in one batch', async () => {
    const rotated = await server.client.newcomer();
    const reused = await server.client.newcomer();
    const ended = await server.client.newcomer();
    await refreshed((await refreshed(reused.refresh_token)).refresh_token);
    await server.client.post('/auth/logout', { token: ended.access_token });
    const tokens = [rotated, reused, ended].map(({ refresh_token: token }) => token);
    const answers = await Promise.all(tokens.map((token) => server.client.refresh(token)));
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
      [200, undefined],
      [401, 'refresh_token_reused'],
      [401, 'session_revoked'],
    ]);
  });

  it('do not fail for a strange token of the same batch, signed with the right secret', async () => {
    const { refresh_token: good } = await server.client.newcomer();
    const { refresh_token: other } = await server.client.newcomer();
    const strange = [
      { gen: 2 ** 31 },
      { gen: 2 ** 31 - 1 },
      { sid: UNKNOWN_SESSION },
      { sid: UNKNOWN_SESSION, gen: 2 ** 53 - 1 },
    ];
    const tokens = [...strange.map((claims) => reminted(other, refreshKey(server.secret), claims)), good];
    const answers = await Promise.all(tokens.map((token) => server.client.refresh(token)));
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
      [401, 'refresh_token_invalid'],
      [401, 'refresh_token_reused'],
      [401, 'session_revoked'],
      [401, 'refresh_token_invalid'],
      [200, undefined],
    ]);
  });

  it('do not wait for a session whose row another transaction has locked', async () => {
    const held = await server.client.newcomer();
    const others = await Promise.all(Array.from({ length: 5 }, () => server.client.newcomer()));
    const client = new KeepAliveClient(server.url, 1 + others.length);
    await client.warmUp();
    const holder = new Postgres(server.database.target);
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [
        decode(held.refresh_token).claims['sid'],
      ]);
      let waits = true;
      const waiting = client.refresh(held.refresh_token).finally(() => {
        waits = false;
      });
      const answers = await Promise.all(others.map((pair) => client.refresh(pair.refresh_token)));
      expect(answers.map(({ status }) => status)).toEqual(others.map(() => 200));
      expect(waits).toBe(true);
      await holder.query('COMMIT');
      expect((await waiting).status).toBe(200);
    } finally {
      await holder.end();
      client.close();
    }
  });
});

describe('fifty parallel refreshes of one token', () => {
  it('leave one live token and never log the client out', async () => {
    const { refresh_token: first } = await server.client.newcomer();
    const client = new KeepAliveClient(server.url, PARALLEL);
    const { token, ...race } = await raceRefreshes([client], first, { rounds: ROUNDS, parallel: PARALLEL });
    client.close();
    expect(race).toEqual({ statuses: { 200: ROUNDS * PARALLEL }, mostSuccessors: 1 });
    const rows = await server.database.query(
      'SELECT generation, parent_generation, revoked_at FROM sessions WHERE id = $1',
      [decode(token).claims['sid']],
    );
    expect(rows).toEqual([{ generation: ROUNDS + 1, parent_generation: ROUNDS, revoked_at: null }]);
  });
});

describe('a consumed refresh token whose successor was never used', () => {
  const open: TestServer[] = [];
  afterAll(() => Promise.all(open.map((each) => each.close())));

  async function started(reuseWindow: number, lostAnswer: number): Promise<TestServer> {
    const env = {
      REFRESH_REUSE_WINDOW_SECONDS: String(reuseWindow),
      REFRESH_LOST_ANSWER_SECONDS: String(lostAnswer),
    };
    const made = await startServer({ env });
    open.push(made);
    return made;
  }

  it('is honoured up to REFRESH_LOST_ANSWER_SECONDS after it was consumed, however often', async () => {
    const strict = await started(1, 60);
    const { refresh_token: parent } = await strict.client.newcomer();
    const answers: unknown[] = [];
    await strict.client.refresh(parent);
    for (let round = 0; round < 3; round++) {
      await strict.move(19_000);
      answers.push((await strict.client.refresh(parent)).status);
    }
    await strict.move(4000);
    const { status, body } = await strict.client.refresh(parent);
    expect([...answers, status, body['code']]).toEqual([200, 200, 200, 401, 'refresh_token_reused']);
  });

  it('gets the same successor within the reuse window, and is reuse after it, if that setting is 0', async () => {
    const strict = await started(30, 0);
    const { refresh_token: parent } = await strict.client.newcomer();
    const first = await strict.client.refresh(parent);
    await strict.move(WINDOW_MS - 1000);
    expect((await strict.client.refresh(parent)).body.refresh_token).toBe(first.body.refresh_token);
    await strict.move(2000);
    expect((await strict.client.refresh(parent)).body['code']).toBe('refresh_token_reused');
    expect((await strict.client.me(first.body.access_token)).body['code']).toBe('token_revoked');
  });

  it('is honoured without a reuse window too, as long as that setting says', async () => {
    const strict = await started(0, 60);
    const { refresh_token: parent } = await strict.client.newcomer();
    await strict.client.refresh(parent);
    await strict.move(59_000);
    expect((await strict.client.refresh(parent)).status).toBe(200);
    await strict.move(2000);
    expect((await strict.client.refresh(parent)).body['code']).toBe('refresh_token_reused');
  });

  it('is reuse at once if both settings are 0', async () => {
    const strict = await started(0, 0);
    const { refresh_token: parent } = await strict.client.newcomer();
    const answers = await Promise.all([1, 2, 3, 4].map(() => strict.client.refresh(parent)));
    const codes = answers.map(({ status, body }) => body['code'] ?? status);
    expect(codes.filter((code) => code === 200)).toHaveLength(1);
    expect(codes).toContain('refresh_token_reused');
  });
});
