import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { administrator, type Member } from '../support/actors/administrators.js';
import type { Person } from '../support/http/client.js';
import { newClient } from '../support/actors/clients.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { launchBrowser } from './browser.js';
import { DocsPage } from './docs-page.js';

const ME = 'usersMe';

let browser: Browser;
let server: TestServer;
let person: Person;
let admin: Member;
let docs: DocsPage;

beforeAll(async () => {
  browser = await launchBrowser();
  server = await startServer();
  person = await server.client.register();
  admin = await administrator(server);
  docs = await DocsPage.open(browser, server.url);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(() => docs.startAfresh());
// These rules hold after every test.
afterEach(() => {
  expect(docs.foreign).toEqual([]);
  expect(docs.complaints).toEqual([]);
});

describe('the documentation in a browser', () => {
  it('loads only from this host and without errors in the console', async () => {
    expect(await docs.page.title()).toBe('Latchkey API');
    expect(await docs.operation('authRegister').locator('.authorization__btn').count()).toBe(0);
    expect(await docs.operation(ME).locator('.authorization__btn').count()).toBe(1);
    expect(await docs.page.locator('.errors-wrapper').count()).toBe(0);
  });

  it('registers a user with the unchanged example, who gets a token with the unchanged example', async () => {
    const registered = await docs.tryOut('authRegister');
    expect(registered.shown.status).toBe('201');
    expect(JSON.parse(registered.shown.body)).toMatchObject({ email: 'ada@example.com' });
    expect((await docs.tryOut('authLogin')).shown.status).toBe('200');
    const oauth = await docs.tryOut('token');
    expect(oauth.shown.status).toBe('200');
    expect(JSON.parse(oauth.shown.body)).toMatchObject({ token_type: 'bearer' });
  });

  it('requests the profile of the logged-in user, and gets the same body as any other client', async () => {
    await docs.logIn(person.email, person.password);
    const { response, shown } = await docs.tryOut(ME);
    expect(shown.status).toBe('200');
    const authorization = (await response.request().headerValue('authorization')) ?? '';
    const plain = await server.client.get('/users/me', { headers: { authorization } });
    expect(plain.body).toMatchObject({ id: person.id, email: person.email });
    expect(await response.text()).toBe(plain.text);
    expect(JSON.parse(shown.body)).toEqual(plain.body);
  });

  it('stays authorized after a reload', async () => {
    await docs.logIn(person.username, person.password);
    const before = await (await docs.tryOut(ME)).response.request().headerValue('authorization');
    expect(before).toMatch(/^Bearer eyJ/);
    await docs.page.reload();
    await docs.operation(ME).waitFor();
    const { response, shown } = await docs.tryOut(ME);
    expect(shown.status).toBe('200');
    expect(await response.request().headerValue('authorization')).toBe(before);
  });

  it('stores neither the password nor the refresh token in the browser', async () => {
    const [answer] = await Promise.all([
      docs.page.waitForResponse('**/oauth/token'),
      docs.logIn(person.email, person.password),
    ]);
    const pair = (await answer.json()) as { access_token: string; refresh_token: string };
    const stored = await docs.stored();
    expect(stored).toContain(pair.access_token);
    expect(stored).not.toContain(pair.refresh_token);
    expect(stored).not.toContain(person.password);
  });

  it('sends no token after a logout in the padlock', async () => {
    await docs.logIn(person.email, person.password);
    expect((await docs.tryOut(ME)).shown.status).toBe('200');
    const flow = await docs.padlock('password (OAuth2');
    await flow.getByRole('button', { name: 'Remove authorization' }).click();
    await docs.closePadlock();
    const { response, shown } = await docs.tryOut(ME);
    expect(await response.request().headerValue('authorization')).toBeNull();
    expect(shown.status).toBe('401');
    expect(JSON.parse(shown.body)).toMatchObject({ code: 'token_missing' });
    expect(await docs.stored()).not.toContain('eyJ');
  });

  it('accepts a pasted access token under the bearer scheme', async () => {
    const { access_token: token } = await server.client.login(person);
    const bearer = await docs.padlock('bearer (http');
    await bearer.getByRole('textbox').fill(token);
    await bearer.locator('button.authorize').click();
    await docs.closePadlock();
    const { response, shown } = await docs.tryOut(ME);
    expect(await response.request().headerValue('authorization')).toBe(`Bearer ${token}`);
    expect(shown.status).toBe('200');
    expect(JSON.parse(shown.body)).toMatchObject({ email: person.email });
  });

  it('authenticates a client with its id and secret, and keeps the secret only until a reload', async () => {
    const { client_id: id, client_secret: secret } = await newClient(server, admin);
    await docs.logIn(person.email, person.password);
    const basic = await docs.padlock('client (http');
    await basic.getByRole('textbox').first().fill(id);
    await basic.locator('input[type=password]').fill(secret);
    await basic.locator('button.authorize').click();
    await docs.closePadlock();
    const { response, shown } = await docs.tryOut('tokensIntrospect');
    expect([shown.status, JSON.parse(shown.body)]).toEqual(['200', { active: false }]);
    const sent = (await response.request().headerValue('authorization')) ?? '';
    expect(Buffer.from(sent.slice('Basic '.length), 'base64').toString()).toBe(`${id}:${secret}`);
    const stored = await docs.stored();
    expect(stored).toContain('eyJ');
    for (const text of [secret, sent.slice(6)]) expect(stored.includes(text)).toBe(false);
    expect((await docs.tryOut(ME)).shown.status).toBe('200');
  });

  it.each([
    [1280, 1000],
    [1024, 600],
    [768, 1024],
    [360, 640],
  ])('logs an administrator in by the keyboard alone, in a window of %d by %d', async (width, height) => {
    await docs.page.setViewportSize({ width, height });
    try {
      await docs.openPadlock();
      await docs.page.keyboard.type(admin.username);
      await docs.page.keyboard.press('Tab');
      await docs.page.keyboard.type(admin.password);
      await Promise.all([docs.page.waitForResponse('**/oauth/token'), docs.page.keyboard.press('Enter')]);
      await docs.page.getByRole('button', { name: 'Remove authorization' }).waitFor();
      await docs.page.keyboard.press('Escape');
      expect(await docs.isLocked('usersAdminList')).toBe(true);
      expect((await docs.tryOut('usersAdminList')).shown.status).toBe('200');
    } finally {
      await docs.page.setViewportSize({ width: 1280, height: 1000 });
    }
  });

  it('opens the padlock’s dialog at the password form', async () => {
    await docs.openPadlock();
    const first = docs.page.locator('.dialog-ux .auth-container').first();
    expect(await first.innerText()).toContain('password (OAuth2');
    expect(await docs.page.evaluate('document.activeElement.id')).toBe('oauth_username');
    expect(await docs.page.evaluate("document.querySelector('.modal-ux-content').scrollTop")).toBe(0);
    await docs.closePadlock();
  });

  it('shows an open padlock where nobody has logged in, also at operations that work without a token', async () => {
    const locked = docs.page.locator('.authorization__btn[aria-label$=" locked"]');
    await docs.operation('token').waitFor();
    expect(await locked.count()).toBe(0);
    await docs.logIn(person.email, person.password);
    expect(await docs.isLocked(ME)).toBe(true);
    expect(await docs.isLocked('token')).toBe(false);
    expect(await docs.isLocked('tokensIntrospect')).toBe(false);
  });

  it('opens the padlock after a logout, a revocation and the expiry of the token', async () => {
    await docs.logIn(person.email, person.password);
    expect((await docs.tryOut('authLogout')).shown.status).toBe('204');
    expect(await docs.isLocked(ME)).toBe(false);

    await docs.logIn(person.email, person.password);
    const { access_token: other } = await server.client.login(person);
    await server.client.post('/auth/logout-all', { token: other });
    expect((await docs.tryOut(ME)).shown.status).toBe('401');
    expect(await docs.isLocked(ME)).toBe(false);

    await docs.page.clock.install();
    await docs.logIn(person.email, person.password);
    await docs.page.clock.fastForward('14:30');
    expect(await docs.isLocked(ME)).toBe(true);
    await docs.page.clock.fastForward('00:40');
    expect(await docs.isLocked(ME)).toBe(false);
    expect(await docs.stored()).not.toContain('eyJ');
  });

  it('shows the error of a wrong password and authorizes no request', async () => {
    const flow = await docs.submitPassword(person.email, 'not the password');
    const error = flow.locator('.errors');
    await error.waitFor();
    expect(await error.innerText()).toContain('Incorrect username or password');
    expect(await flow.getByRole('button', { name: 'Remove authorization' }).count()).toBe(0);
    await docs.closePadlock();
    expect((await docs.tryOut(ME)).shown.status).toBe('401');
  });

  it('links the type of a problem to its entry on the errors page', async () => {
    const { shown } = await docs.tryOut(ME);
    const { type } = JSON.parse(shown.body) as { type: string };
    await docs.page.goto(server.url + type);
    const entry = docs.page.locator('tr:target');
    expect(await entry.innerText()).toContain('token_missing');
    const { y = -1 } = (await entry.boundingBox()) ?? {};
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y).toBeLessThan(1000);
  });
});
