import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { disableAccount } from '../support/actors/administrators.js';
import { Visitor, sessionCookie } from '../support/http/visitor.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';
import { startServer, type TestServer } from '../support/service/server.js';

const PASSWORD = 'a ship is safe in harbour';

let server: TestServer;
let secure: TestServer;
let below: TestServer;
const databases: TestDatabase[] = [];

beforeAll(async () => {
  server = await startServer();
  secure = await startServer({
    database: await ownDatabase(),
    env: { JWT_ISSUER: 'https://id.example', BRAND_NAME: 'Harbour', DEFAULT_LOCALE: 'de' },
  });
  below = await startServer({
    database: await ownDatabase(),
    env: { JWT_ISSUER: 'https://host.example/id/' },
  });
});
afterAll(async () => {
  await server.close();
  await secure.close();
  await below.close();
  for (const database of databases) await database.drop();
});

/** A database beside that of the first server. */
async function ownDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  databases.push(database);
  return database;
}

const visitor = (on = server) => new Visitor(on.client);

describe('creating an account', () => {
  it('signs its owner in at the account page', async () => {
    const browser = visitor();
    expect((await browser.get('/register')).text).toContain('autocomplete="new-password"');
    const form = { email: 'ada@example.com', username: 'ada', full_name: 'Ada Lovelace', password: PASSWORD };
    const { status, headers } = await browser.send('/register', form);
    expect([status, headers.get('location')]).toEqual([303, '/account']);
    const { text } = await browser.get('/account');
    expect(text).toContain('Signed in as Ada Lovelace');
    expect(text).toContain('this session');
  });

  it('keeps what was typed but the password, and says what is wrong beside each field', async () => {
    const form = { email: 'no address', username: '', full_name: 'Bo', password: 'short' };
    const { status, text } = await visitor().send('/register', form);
    expect(status).toBe(422);
    expect(text).toContain('value="no address"');
    expect(text).not.toContain('value="short"');
    expect(text).toMatch(/id="email"[^>]*aria-invalid="true"[^>]*aria-describedby="email-fault"/);
    expect(text).toMatch(/role="alert"[^>]*autofocus/);
  });

  it('names the field of a name that is taken', async () => {
    await visitor().send('/register', { email: 'bo@example.com', username: 'bob', password: PASSWORD });
    const email = await visitor().send('/register', { email: 'BO@example.com', password: PASSWORD });
    expect([email.status, email.text.includes('id="email-fault"')]).toEqual([422, true]);
    const taken = { email: 'bo2@example.com', username: 'Bob', password: PASSWORD };
    const username = await visitor().send('/register', taken);
    expect([username.status, username.text.includes('id="username-fault"')]).toEqual([422, true]);
  });
});

describe('signing in', () => {
  it('leads to the page that was asked for, with a session cookie that ends with the browser', async () => {
    const person = await server.client.register();
    const browser = visitor();
    const asked = await browser.get('/admin/me');
    expect([asked.status, asked.headers.get('location')]).toEqual([303, '/login?return_to=%2Fadmin%2Fme']);
    const page = await browser.get('/login?return_to=%2Fadmin%2Fme');
    expect(page.text).toContain('name="return_to" value="/admin/me"');
    const form = { username: ` ${person.email} `, password: person.password, return_to: '/admin/me' };
    const answer = await browser.send('/login', form);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/me']);
    expect(sessionCookie(answer)).toMatch(/^latchkey_session=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect((await browser.get('/admin/me')).text).toContain(person.id);
  });

  it('keeps the browser signed in where its user asks for it', async () => {
    const { username, password } = await server.client.register();
    const answer = await visitor().send('/login', { username, password, remember: 'on' });
    expect(sessionCookie(answer)).toMatch(/; Max-Age=604[78]\d\d; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('says that the name and the password do not match, for unknown names too', async () => {
    const { username } = await server.client.register();
    const [wrong, unknown] = [
      await visitor().send('/login', { username, password: 'not this one' }),
      await visitor().send('/login', { username: 'unknown', password: 'not this one' }),
    ];
    expect([wrong.status, unknown.status]).toEqual([422, 422]);
    expect(wrong.text).toContain('The name and the password do not match');
    expect(wrong.text.replaceAll(username, 'unknown')).toBe(unknown.text);
    expect(wrong.text).not.toContain('not this one');
    expect(sessionCookie(wrong)).toBeUndefined();
  });

  it('says to a disabled user with the right password that the account is disabled', async () => {
    const person = await server.client.register();
    await disableAccount(server, person.id);
    const { status, text } = await visitor().send('/login', {
      username: person.username,
      password: person.password,
    });
    expect([status, text.includes('This account is disabled')]).toEqual([422, true]);
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    '/.//evil.example',
    'https://evil.example/',
    '/\t/evil.example',
    'javascript:alert(1)',
  ])('never leads to another host: %j', async (target) => {
    const { username, password } = await server.client.register();
    const page = await visitor().get(`/login?return_to=${encodeURIComponent(target)}`);
    expect(page.text).not.toContain('name="return_to"');
    const { headers } = await visitor().send('/login', { username, password, return_to: target });
    expect(headers.get('location')).toBe('/account');
  });

  it('ends the session that the browser had before', async () => {
    const [one, other] = [await server.client.register(), await server.client.register()];
    const browser = visitor();
    await browser.send('/login', { username: one.username, password: one.password });
    const before = browser.copy();
    await browser.send('/login', { username: other.username, password: other.password });
    expect((await browser.get('/account')).text).toContain(other.email);
    expect((await before.get('/account')).status).toBe(303);
  });

  it('is not needed twice: a signed-in user goes on', async () => {
    const { username, password } = await server.client.register();
    const browser = visitor();
    await browser.send('/login', { username, password });
    for (const [path, target] of [
      ['/', '/account'],
      ['/login', '/account'],
      ['/login?return_to=/admin/me', '/admin/me'],
      ['/register', '/account'],
    ] as const) {
      expect((await browser.get(path)).headers.get('location')).toBe(target);
    }
  });
});

describe('signing out', () => {
  it('is a button, ends the session on every page, and clears the cookie', async () => {
    const { username, password } = await server.client.register();
    const browser = visitor();
    await browser.send('/login', { username, password });
    const stolen = browser.copy();
    expect((await browser.get('/logout')).text).toContain('<button class="lk-button" type="submit">Sign out');
    expect((await stolen.get('/account')).status).toBe(200);
    const answer = await browser.send('/logout', {});
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/?done=logout']);
    expect(sessionCookie(answer)).toMatch(/^latchkey_session=; Max-Age=0;/);
    expect(browser.session).toBeUndefined();
    expect((await browser.get('/?done=logout')).text).toContain('You are signed out.');
    const late = await stolen.get('/account');
    expect([late.status, late.headers.get('location')]).toEqual([303, '/login?return_to=%2Faccount']);
  });
});

describe('an issuer with https', () => {
  it('gets a __Host- cookie that travels over https alone, and the other name is not read', async () => {
    const person = await secure.client.register();
    const form = { username: person.username, password: person.password };
    const answer = await visitor(secure).send('/login', form);
    const cookie = sessionCookie(answer, '__Host-latchkey') ?? '';
    expect(cookie).toMatch(/^__Host-latchkey=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const [, value = ''] = /=([^;]*)/.exec(cookie) ?? [];
    const asked = (name: string) =>
      secure.client.get('/account', { headers: { accept: 'text/html', cookie: `${name}=${value}` } });
    expect((await asked('__Host-latchkey')).status).toBe(200);
    expect((await asked('latchkey_session')).status).toBe(303);
  });

  it('shows the brand, and the language of the visitor or else the default', async () => {
    const page = async (language: string) =>
      (await visitor(secure).get('/login', { headers: { 'accept-language': language } })).text;
    const german = await page('fr;q=0.9, xx');
    expect(german).toContain('<html lang="de">');
    expect(german).toContain('<title>Anmelden · Harbour</title>');
    expect(await page('de;q=0.5, en-GB;q=0.9')).toContain('<html lang="en">');
    expect(await page('*')).toContain('<html lang="de">');
  });
});

describe('an issuer with a path', () => {
  it('has it before every link, form, file and redirect, since a proxy strips it from requests', async () => {
    const browser = visitor(below);
    const { text } = await browser.get('/login?return_to=/admin/me');
    const targets = [...text.matchAll(/(?:href|action)="([^"]+)"/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(3);
    for (const target of targets) expect(target).toMatch(/^\/id\//);
    const asked = await browser.get('/admin/me');
    expect(asked.headers.get('location')).toBe('/id/login?return_to=%2Fadmin%2Fme');
    const { username, password } = await below.client.register();
    const answer = await browser.send('/login', { username, password, return_to: '/admin/me' });
    expect(answer.headers.get('location')).toBe('/id/admin/me');
  });
});
