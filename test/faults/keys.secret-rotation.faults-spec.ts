import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { refusal, refusalIn } from '../support/http/bearer.js';
import type { Person, TokenPair } from '../support/http/client.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';
import { RawClient } from '../support/http/raw-client.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { decode, mint, refreshKey, reminted } from '../support/tokens/tokens.js';

const [FIRST, SECOND, THIRD] = [newSecret(), newSecret(), newSecret()];

let database: TestDatabase;
let open: TestServer | undefined;

beforeAll(async () => {
  database = await createDatabase();
});
afterEach(stop);
afterAll(() => database.drop());

/** Restarts the service with other secrets on the same database. */
async function restart(current: string, ...previous: string[]): Promise<TestServer> {
  await stop();
  const env = { SECRET_KEY: current, SECRET_KEY_PREVIOUS: previous.join(','), JWT_ALGORITHM: 'HS256' };
  open = await startServer({ env, database });
  return open;
}

async function stop(): Promise<void> {
  await open?.close();
  open = undefined;
}

/** A user who logged in while this secret was the current one. */
async function loggedInUnder(secret: string): Promise<Person & TokenPair> {
  const server = await restart(secret);
  return server.client.newcomer();
}

function signedBy(token: string, secret: string): boolean {
  const isRefresh = decode(token).header['typ'] === 'rt+jwt';
  const key = isRefresh ? refreshKey(secret) : secret;
  const at = token.lastIndexOf('.');
  return createHmac('sha256', key).update(token.slice(0, at)).digest('base64url') === token.slice(at + 1);
}

async function expectRefused(server: TestServer, token: string): Promise<void> {
  const client = new RawClient(server.url);
  const answer = await client.get('/auth/verify', ['authorization', `Bearer ${token}`]);
  client.close();
  expect(refusalIn(answer)).toEqual(refusal('token_invalid'));
}

async function expectNotRefreshed(server: TestServer, token: string): Promise<void> {
  const { status, body } = await server.client.refresh(token);
  expect([status, body['code'], body['detail']]).toEqual([
    401,
    'refresh_token_invalid',
    'invalid refresh token',
  ]);
}

describe('while the previous secret still verifies', () => {
  it('an access token it signed is accepted', async () => {
    const before = await loggedInUnder(FIRST);
    const server = await restart(SECOND, FIRST);
    expect(signedBy(before.access_token, FIRST)).toBe(true);
    expect((await server.client.get('/auth/verify', { token: before.access_token })).status).toBe(200);
    expect((await server.client.me(before.access_token)).body['id']).toBe(before.id);
  });

  it('a refresh token it signed is answered with tokens that the current secret signed', async () => {
    const before = await loggedInUnder(FIRST);
    const server = await restart(SECOND, FIRST);
    const { status, body } = await server.client.refresh(before.refresh_token);
    expect(status).toBe(200);
    for (const [now, then] of [
      [body.access_token, before.access_token],
      [body.refresh_token, before.refresh_token],
    ] as const) {
      expect([signedBy(now, SECOND), signedBy(now, FIRST)]).toEqual([true, false]);
      expect(decode(now).header['kid']).not.toBe(decode(then).header['kid']);
      expect(decode(now).claims['sid']).toBe(decode(then).claims['sid']);
    }
    expect((await server.client.me(body.access_token)).status).toBe(200);
  });

  it('a refresh that is retried after the change returns the same successor', async () => {
    const before = await loggedInUnder(FIRST);
    const lost = await open?.client.refresh(before.refresh_token);
    const server = await restart(SECOND, FIRST);
    const { status, body } = await server.client.refresh(before.refresh_token);
    expect(status).toBe(200);
    expect(decode(body.refresh_token).claims).toEqual(decode(lost?.body.refresh_token ?? '').claims);
  });

  it('a new login is signed by the current secret alone', async () => {
    const person = await loggedInUnder(FIRST);
    const server = await restart(SECOND, FIRST);
    const { access_token: token } = await server.client.login(person);
    expect([signedBy(token, SECOND), signedBy(token, FIRST)]).toEqual([true, false]);
  });

  it('a logout ends a session that began under the previous secret', async () => {
    const { access_token: token, refresh_token: refresh } = await loggedInUnder(FIRST);
    const server = await restart(SECOND, FIRST);
    expect((await server.client.post('/auth/logout', { token })).status).toBe(204);
    expect((await server.client.me(token)).body['code']).toBe('token_revoked');
    expect((await server.client.refresh(refresh)).body['code']).toBe('session_revoked');
  });

  it('a token is refused if its kid names the other secret', async () => {
    const before = await loggedInUnder(FIRST);
    const server = await restart(SECOND, FIRST);
    const { access_token: token } = await server.client.login(before);
    const { header, claims } = decode(token);
    const old = decode(before.access_token).header;
    await expectRefused(server, mint(old, claims, SECOND));
    await expectRefused(server, mint(header, claims, FIRST));
    await expectRefused(server, mint({ ...header, kid: undefined }, claims, SECOND));
    await expectRefused(server, mint({ ...old, kid: undefined }, claims, FIRST));
    expect((await server.client.me(reminted(token, SECOND, { extra: 1 }))).status).toBe(200);
    expect((await server.client.me(reminted(before.access_token, FIRST, { extra: 1 }))).status).toBe(200);
  });

  it('an expired token of the previous secret is answered with token_expired', async () => {
    const before = await loggedInUnder(FIRST);
    const server = await restart(SECOND, FIRST);
    const exp = Math.floor(server.clock.now() / 1000) - 1;
    const answer = await server.client.me(reminted(before.access_token, FIRST, { exp }));
    expect([answer.status, answer.body['code']]).toEqual([401, 'token_expired']);
  });

  it('neither secret nor key id is published', async () => {
    const server = await restart(SECOND, FIRST);
    expect((await server.client.get('/.well-known/jwks.json')).body).toEqual({ keys: [] });
  });
});

describe('a third secret', () => {
  it('is refused, for access and refresh, while two are known', async () => {
    const stranger = await loggedInUnder(THIRD);
    const server = await restart(SECOND, FIRST);
    await expectRefused(server, stranger.access_token);
    await expectNotRefreshed(server, stranger.refresh_token);
  });

  it('is accepted if the setting names it too', async () => {
    const person = await loggedInUnder(THIRD);
    const server = await restart(SECOND, FIRST, THIRD);
    expect((await server.client.me(person.access_token)).status).toBe(200);
    expect((await server.client.refresh(person.refresh_token)).status).toBe(200);
  });
});

describe('after the previous secret is removed', () => {
  it('its tokens are refused, and their session stays alive', async () => {
    const before = await loggedInUnder(FIRST);
    const between = await restart(SECOND, FIRST);
    const { body: after } = await between.client.refresh(before.refresh_token);
    const server = await restart(SECOND);
    await expectRefused(server, before.access_token);
    await expectNotRefreshed(server, before.refresh_token);
    expect((await server.client.me(after.access_token)).status).toBe(200);
    expect((await server.client.refresh(after.refresh_token)).status).toBe(200);
  });

  it('a refused refresh token does not end its session', async () => {
    const before = await loggedInUnder(FIRST);
    await expectNotRefreshed(await restart(SECOND), before.refresh_token);
    const server = await restart(SECOND, FIRST);
    expect((await server.client.refresh(before.refresh_token)).status).toBe(200);
  });
});

describe('a secret that is current and previous at once', () => {
  it('signs and verifies', async () => {
    const server = await restart(FIRST, FIRST, SECOND);
    const { access_token: token, refresh_token: refresh } = await server.client.newcomer();
    expect((await server.client.me(token)).status).toBe(200);
    expect((await server.client.refresh(refresh)).status).toBe(200);
  });

  it('may become current again, and the tokens of both secrets stay valid', async () => {
    const one = await loggedInUnder(FIRST);
    const two = await (await restart(SECOND, FIRST)).client.login(one);
    const server = await restart(FIRST, SECOND);
    for (const { access_token: token, refresh_token: refresh } of [one, two]) {
      expect((await server.client.me(token)).status).toBe(200);
      expect((await server.client.refresh(refresh)).status).toBe(200);
    }
  });
});
