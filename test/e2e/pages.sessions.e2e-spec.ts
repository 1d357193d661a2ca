import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { administrator } from '../support/actors/administrators.js';
import { clientToken, newClient, oauth } from '../support/actors/clients.js';
import type { Answer, Person } from '../support/http/client.js';
import { Visitor, sessionCookie } from '../support/http/visitor.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

async function signedIn(person?: Person, form: Record<string, string> = {}): Promise<Visitor> {
  const browser = new Visitor(server.client);
  const { username, password } = person ?? (await server.client.register());
  await browser.send('/login', { username, password, ...form });
  return browser;
}

const isSignedIn = async (browser: Visitor): Promise<boolean> =>
  (await browser.get('/account')).status === 200;

describe('a cookie of a session', () => {
  it('holds a token of its own kind, without personal data', async () => {
    const person = await server.client.register();
    const { header, claims } = decode((await signedIn(person)).session ?? '');
    expect(header['typ']).toBe('bs+jwt');
    expect(claims).toEqual({
      iss: expect.any(String),
      aud: expect.any(String),
      sub: person.id,
      sid: expect.any(String),
      gen: 1,
      ver: 1,
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.any(String),
      type: 'browser',
    });
  });

  it('is not renewed while it is young, and is renewed by the first page after that', async () => {
    const browser = await signedIn();
    await server.move(14 * MINUTE_MS);
    expect(sessionCookie(await browser.get('/account'))).toBeUndefined();
    await server.move(2 * MINUTE_MS);
    const before = browser.session;
    const answer = await browser.get('/account');
    expect([answer.status, browser.session === before]).toEqual([200, false]);
    expect(decode(browser.session ?? '').claims['gen']).toBe(2);
  });

  it('is renewed by a form too, so that no form is lost', async () => {
    const browser = await signedIn();
    await server.move(20 * MINUTE_MS);
    const answer = await browser.send('/account/profile', { full_name: 'Renewed', username: '' });
    expect([answer.status, decode(browser.session ?? '').claims['gen']]).toEqual([303, 2]);
  });

  it('is never renewed by HEAD or by an asset', async () => {
    const browser = await signedIn();
    await server.move(20 * MINUTE_MS);
    const head = await browser.request('HEAD', '/account');
    expect([head.status, sessionCookie(head)]).toEqual([200, undefined]);
    const [, asset = ''] =
      /href="(\/assets\/[^"]+)"/.exec((await new Visitor(server.client).get('/login')).text) ?? [];
    const style = await browser.get(asset);
    expect([style.status, sessionCookie(style)]).toEqual([200, undefined]);
  });

  it('that is stale in twenty tabs gives all of them the same successor', async () => {
    const browser = await signedIn();
    await server.move(20 * MINUTE_MS);
    const tabs = Array.from({ length: 20 }, () => browser.copy());
    const answers = await Promise.all(tabs.map((tab) => tab.get('/account')));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(tabs.map((tab) => tab.session)).size).toBe(1);
    expect(await isSignedIn(tabs[7] as Visitor)).toBe(true);
  });

  it('survives the loss of an answer with its successor', async () => {
    const browser = await signedIn();
    await server.move(20 * MINUTE_MS);
    await browser.copy().get('/account');
    await server.move(5 * MINUTE_MS);
    expect(await isSignedIn(browser)).toBe(true);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('that was stolen is found when both copies have been renewed, and ends the session', async () => {
    const browser = await signedIn();
    const thief = browser.copy();
    for (let round = 0; round < 2; round++) {
      await server.move(20 * MINUTE_MS);
      expect(await isSignedIn(browser)).toBe(true);
    }
    expect(await isSignedIn(thief)).toBe(false);
    await server.move(20 * MINUTE_MS);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('of former permissions is renewed and stays signed in', async () => {
    const person = await server.client.register();
    const browser = await signedIn(person);
    const admin = await administrator(server);
    const json = { roles: ['user', 'admin'] };
    await server.client.request('PATCH', `/users/${person.id}`, { token: admin.access_token, json });
    const { status, text } = await browser.get('/admin/me');
    expect([status, text.includes('admin, user')]).toEqual([200, true]);
    expect(decode(browser.session ?? '').claims['ver']).toBe(2);
  });
});

describe('a session of a browser', () => {
  it.each([
    ['twelve hours', {}, 12 * 60 * MINUTE_MS],
    ['seven days where it is remembered', { remember: 'on' }, 7 * DAY_MS],
  ])('ends after %s without use', async (_, form, idleMs) => {
    const [used, unused] = [await signedIn(undefined, form), await signedIn(undefined, form)];
    await server.move(idleMs - MINUTE_MS);
    expect(await isSignedIn(used)).toBe(true);
    await server.move(2 * MINUTE_MS);
    expect([await isSignedIn(used), await isSignedIn(unused)]).toEqual([true, false]);
  });

  it('ends after thirty days, however much it is used', async () => {
    const browser = await signedIn(undefined, { remember: 'on' });
    for (let day = 0; day < 29; day += 4) {
      await server.move(4 * DAY_MS - MINUTE_MS);
      if (day < 26) expect([day, await isSignedIn(browser)]).toEqual([day, true]);
    }
    expect(await isSignedIn(browser)).toBe(false);
  });
});

describe('the doors', () => {
  it('of pages open to no bearer token and to no other kind of token in the cookie', async () => {
    const person = await server.client.register();
    const pair = await server.client.login(person);
    const admin = await administrator(server);
    const machine = await clientToken(server, await newClient(server, admin));
    const bearer = await server.client.get('/account', { token: pair.access_token });
    expect(bearer.status).toBe(303);
    for (const token of [pair.access_token, pair.refresh_token, machine, 'x', '', 'a.b.c']) {
      const browser = new Visitor(server.client);
      browser.session = token;
      expect([token.slice(0, 9), (await browser.get('/account')).status]).toEqual([token.slice(0, 9), 303]);
    }
  });

  it('of the API open to no cookie, and refuse a token of a browser as one of the wrong kind', async () => {
    const browser = await signedIn();
    const token = browser.session ?? '';
    const codeOf = ({ status, body }: Answer) => [status, body['code'] ?? body['error']];
    expect(codeOf(await browser.get('/users/me', { headers: { accept: '*/*' } }))).toEqual([
      401,
      'token_missing',
    ]);
    expect(codeOf(await server.client.me(token))).toEqual([401, 'token_wrong_type']);
    expect(codeOf(await server.client.get('/auth/verify', { token }))).toEqual([401, 'token_wrong_type']);
    expect(codeOf(await server.client.refresh(token))).toEqual([401, 'token_wrong_type']);
    const grant = { grant_type: 'refresh_token', refresh_token: token };
    expect(codeOf(await oauth(server, 'token', grant))).toEqual([400, 'invalid_grant']);
    const client = await newClient(server, await administrator(server));
    expect((await oauth(server, 'introspect', { token }, client)).body).toEqual({ active: false });
    expect(await isSignedIn(browser)).toBe(true);
  });
});
