import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Person } from '../support/http/client.js';
import { Visitor } from '../support/http/visitor.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId } from '../support/tokens/tokens.js';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

async function signedIn(person: Person, headers: Record<string, string> = {}): Promise<Visitor> {
  const browser = new Visitor(server.client);
  const { username, password } = person;
  const { status } = await browser.send('/login', { username, password }, headers);
  expect(status).toBe(303);
  return browser;
}

const FIREFOX = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' };

describe('the account page', () => {
  it('lists the sessions, the one at hand first, with the device in words', async () => {
    const person = await server.client.register();
    const browser = await signedIn(person, FIREFOX);
    await server.client.login(person);
    const { text } = await browser.get('/account', { headers: FIREFOX });
    expect(text.indexOf('this session')).toBeGreaterThan(text.indexOf('Firefox, Linux'));
    expect(text.match(/class="lk-item"/g)).toHaveLength(2);
    expect(text).toContain('127.0.0.1');
  });

  it('escapes what people type', async () => {
    const person = await server.client.register();
    const browser = await signedIn(person, { 'user-agent': '<b>bold</b>' });
    await browser.send('/account/profile', {
      full_name: '"><img src=x onerror=alert(1)>',
      username: person.username,
    });
    const { text } = await browser.get('/account');
    expect(text).not.toContain('<img');
    expect(text).not.toContain('<b>bold');
    expect(text).toContain('&lt;img src=x');
  });

  it('answers JSON to clients that ask for it, with the same cookie', async () => {
    const person = await server.client.register();
    const browser = await signedIn(person);
    const json = { headers: { accept: 'application/json' } };
    const account = await browser.get('/account', json);
    expect(account.body).toMatchObject({ id: person.id, email: person.email, sessions: [{ current: true }] });
    expect((await browser.get('/admin/me', json)).body).toMatchObject({ id: person.id, roles: ['user'] });
    const { status, headers, body } = await server.client.get('/admin/me', json);
    expect([status, body['code'], headers.get('www-authenticate')]).toEqual([401, 'login_required', null]);
  });
});

describe('the profile', () => {
  it('is changed by its form, and an empty field is removed', async () => {
    const person = await server.client.register();
    const browser = await signedIn(person);
    const form = { full_name: 'Grace Hopper', username: '' };
    const { status, headers } = await browser.send('/account/profile', form);
    expect([status, headers.get('location')]).toEqual([303, '/account?done=profile']);
    const { text } = await browser.get('/account?done=profile');
    expect(text).toContain('Your profile is saved.');
    const { body } = await browser.get('/account', { headers: { accept: 'application/json' } });
    expect(body).toMatchObject({ full_name: 'Grace Hopper', username: null });
  });

  it('keeps what was typed where the user name is taken', async () => {
    const [person, other] = [await server.client.register(), await server.client.register()];
    const browser = await signedIn(person);
    const { status, text } = await browser.send('/account/profile', {
      full_name: 'Somebody New',
      username: other.username,
    });
    expect([status, text.includes('id="username-fault"'), text.includes('value="Somebody New"')]).toEqual([
      422,
      true,
      true,
    ]);
    expect((await browser.get('/account')).text).not.toContain('Somebody New');
  });

  it('takes no field that the form does not have', async () => {
    const browser = await signedIn(await server.client.register());
    expect((await browser.send('/account/profile', { full_name: 'x', roles: 'admin' })).status).toBe(422);
  });
});

describe('the password', () => {
  it('is changed with the current one, ends every other session and keeps this one', async () => {
    const person = await server.client.register();
    const [browser, other] = [await signedIn(person), await signedIn(person)];
    const pair = await server.client.login(person);
    const password = 'another ship in another harbour';
    const answer = await browser.send('/account/password', { current_password: person.password, password });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account?done=password']);
    expect((await browser.get('/account?done=password')).text).toContain('Your password is changed.');
    expect((await other.get('/account')).status).toBe(303);
    expect((await server.client.me(pair.access_token)).status).toBe(401);
    await signedIn({ ...person, password });
  });

  it.each([
    [
      'a wrong current one',
      { current_password: 'not this one', password: 'a good and long one' },
      'current_password',
    ],
    ['a short new one', { password: 'sh0rt1' }, 'password'],
    ['a common new one', { password: 'password1' }, 'password'],
    ['no new one', { password: '' }, 'password'],
  ])('stays where the form has %s', async (_, form, field) => {
    const person = await server.client.register();
    const browser = await signedIn(person);
    const full = { current_password: person.password, ...form };
    const { status, text } = await browser.send('/account/password', full);
    expect([status, text.includes(`id="${field}-fault"`)]).toEqual([422, true]);
    for (const secret of Object.values(full).filter((value) => value !== ''))
      expect(text).not.toContain(secret);
    await signedIn(person);
  });
});

describe('a password that must be changed', () => {
  it('opens the form for a new one and nothing else, until it is changed', async () => {
    const person = await server.client.register();
    await server.database.query('UPDATE users SET password_change_required = true WHERE id = $1', [
      person.id,
    ]);
    const browser = await signedIn(person);
    const { status, text } = await browser.get('/account');
    expect([status, text.includes('Choose a new password before you go on')]).toEqual([200, true]);
    expect(text).not.toContain('/account/profile');
    expect((await browser.get('/admin/me')).headers.get('location')).toBe('/account');
    const json = await browser.get('/admin/me', { headers: { accept: 'application/json' } });
    expect([json.status, json.body['code']]).toEqual([403, 'password_change_required']);
    expect((await browser.send('/account/profile', { full_name: 'x' })).headers.get('location')).toBe(
      '/account',
    );
    const form = { current_password: person.password, password: 'another ship in another harbour' };
    expect((await browser.send('/account/password', form)).headers.get('location')).toBe(
      '/account?done=password',
    );
    expect((await browser.get('/account')).text).toContain('/account/profile');
    expect((await browser.get('/admin/me')).status).toBe(200);
  });
});

describe('a session', () => {
  it('is ended from another one, and the next page of its browser asks for a login', async () => {
    const person = await server.client.register();
    const [browser, other] = [await signedIn(person), await signedIn(person)];
    const { body } = await other.get('/account', { headers: { accept: 'application/json' } });
    const { id } =
      (body['sessions'] as Array<{ id: string; current: boolean }>).find(({ current }) => current) ?? {};
    const { headers } = await browser.send(`/account/sessions/${id}/end`, {});
    expect(headers.get('location')).toBe('/account?done=session');
    const page = await other.get('/account');
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?return_to=%2Faccount']);
    expect(page.headers.getSetCookie().join()).toContain('latchkey_session=; Max-Age=0');
    expect((await browser.get('/account')).status).toBe(200);
  });

  it('of another user or of nobody is a page that says not found', async () => {
    const [browser, other] = [
      await signedIn(await server.client.register()),
      await signedIn(await server.client.register()),
    ];
    const { body } = await other.get('/account', { headers: { accept: 'application/json' } });
    const [{ id }] = body['sessions'] as [{ id: string }];
    for (const target of [id, freshId(), 'x']) {
      const { status, text } = await browser.send(`/account/sessions/${target}/end`, {});
      expect([status, text.includes('There is no page at this address.')]).toEqual([404, true]);
    }
    expect((await other.get('/account')).status).toBe(200);
  });

  it('stays alone after all others are ended', async () => {
    const person = await server.client.register();
    const [browser, other] = [await signedIn(person), await signedIn(person)];
    const pair = await server.client.login(person);
    await browser.send('/account/sessions/end-others', {});
    expect((await other.get('/account')).status).toBe(303);
    expect((await server.client.me(pair.access_token)).body['code']).toBe('token_revoked');
    const { text } = await browser.get('/account?done=sessions');
    expect(text).toContain('All other sessions have ended.');
    expect(text.match(/class="lk-item"/g)).toHaveLength(1);
  });
});
