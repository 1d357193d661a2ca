import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Person, TokenPair } from '../support/http/client.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const LIMIT = 3;
const PARALLEL = 20;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { SESSIONS_PER_USER: String(LIMIT), HASH_CONCURRENCY: '4' } });
});
afterAll(() => server.close());

function sidOf({ access_token: token }: TokenPair): string {
  return String(decode(token).claims['sid']);
}

async function liveSessions(token: string): Promise<string[]> {
  const { body } = await server.client.get<Array<{ id: string }>>('/auth/sessions', { token });
  return body.map(({ id }) => id);
}

function endedEvents({ id }: Person) {
  return server.database.query(
    `SELECT e.subject, e.actor, e.details FROM audit_events e JOIN sessions s ON s.id::text = e.subject
      WHERE s.user_id = $1 AND e.action = 'session.ended'`,
    [id],
  );
}

describe('a login beyond SESSIONS_PER_USER', () => {
  it('ends the oldest session with its tokens, and leaves an event', async () => {
    const person = await server.client.register();
    const pairs: TokenPair[] = [];
    for (let count = 0; count <= LIMIT; count++) {
      await server.move(1000);
      pairs.push(await server.client.login(person));
    }
    const [oldest, ...others] = pairs as [TokenPair, ...TokenPair[]];
    expect((await server.client.me(oldest.access_token)).body['code']).toBe('token_revoked');
    expect((await server.client.refresh(oldest.refresh_token)).body['code']).toBe('session_revoked');
    for (const pair of others) expect((await server.client.me(pair.access_token)).status).toBe(200);
    expect(await liveSessions((others[0] as TokenPair).access_token)).toEqual(others.map(sidOf));
    const details = { reason: 'too many sessions' };
    expect(await endedEvents(person)).toEqual([{ subject: sidOf(oldest), actor: null, details }]);
  });

  it('does not count sessions that have ended or expired', async () => {
    const person = await server.client.register();
    const first = await server.client.login(person);
    await server.client.post('/auth/logout', { token: first.access_token });
    await server.client.login(person);
    await server.move(8 * 86_400_000);
    for (let count = 0; count < LIMIT; count++) await server.client.login(person);
    const last = await server.client.login(person);
    expect(await liveSessions(last.access_token)).toHaveLength(LIMIT);
    // Of the two events one is the logout's.
    expect(await endedEvents(person)).toHaveLength(2);
  });

  it('leaves as many sessions as allowed of any number of parallel logins', async () => {
    const person = await server.client.register();
    const client = new KeepAliveClient(server.url, PARALLEL);
    await client.warmUp();
    const json = { username: person.username, password: person.password };
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, () => client.ask('POST', '/auth/login', { json })),
    );
    client.close();
    expect(answers.map(({ status }) => status)).toEqual(Array(PARALLEL).fill(200));
    const pairs = answers.map(({ body }) => body as unknown as TokenPair);
    const codes = await Promise.all(
      pairs.map(async ({ access_token: token }) => (await server.client.me(token)).status),
    );
    expect(codes.filter((status) => status === 200)).toHaveLength(LIMIT);
    expect(await endedEvents(person)).toHaveLength(PARALLEL - LIMIT);
  });
});
