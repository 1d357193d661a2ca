import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Person } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { launchBrowser } from './browser.js';

const { source: axeSource } = createRequire(import.meta.url)('axe-core') as { source: string };

const PASSWORD = 'a ship is safe in harbour';
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** `PICTURES=update npm run test:browser` makes the pictures of the README anew. */
const PICTURES = process.env['PICTURES'] === 'update' ? 'docs/images' : undefined;

let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  server = await startServer({ ownIssuer: true });
  browser = await launchBrowser();
  if (PICTURES !== undefined) await mkdir(PICTURES, { recursive: true });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

async function withPage(options: BrowserContextOptions, work: (page: Page) => Promise<void>): Promise<void> {
  const context: BrowserContext = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await work(page);
  // An answer of 422 or 403 is logged by the browser itself.
  expect(complaints.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  await context.close();
}

async function signIn(
  page: Page,
  { username, password }: Pick<Person, 'username' | 'password'>,
): Promise<void> {
  await page.goto(`${server.url}/login`);
  await page.getByLabel('E-mail address or user name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/account');
}

/** The faults of accessibility of a page, in words. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate<string[]>(
    `axe.run({ runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) =>
       violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + failureSummary)))`,
  );
}

describe.each([
  ['without JavaScript', false],
  ['with JavaScript', true],
])('a person %s', (_, javaScriptEnabled) => {
  it('registers, signs out and in, ends a session, changes name and password', async () => {
    const name = `p${Number(javaScriptEnabled)}${Date.now()}`;
    const email = `${name}@example.com`;
    await withPage({ javaScriptEnabled }, async (page) => {
      await page.goto(`${server.url}/`);
      await page.getByRole('link', { name: 'Create an account' }).click();
      await page.getByLabel('E-mail address').fill(email);
      await page.getByLabel('Password').fill('short');
      await page.getByRole('button', { name: 'Create account' }).click();
      expect(await page.getByRole('alert').innerText()).toBe('Check the marked fields');
      expect(await page.getByLabel('E-mail address').inputValue()).toBe(email);
      expect(await page.getByLabel('Password').inputValue()).toBe('');
      await page.getByLabel('User name').fill(name);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Create account' }).click();
      await page.waitForURL('**/account');
      await page.getByLabel('Name', { exact: true }).fill('Ada Lovelace');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.waitForURL('**/account?done=profile');
      expect(await page.getByRole('status').innerText()).toBe('Your profile is saved.');
      await page.getByRole('button', { name: 'Sign out' }).click();
      expect(await page.getByRole('status').innerText()).toBe('You are signed out.');
      await signIn(page, { username: name, password: PASSWORD });
      await server.client.login({ username: name, password: PASSWORD });
      await page.reload();
      await page.getByRole('button', { name: /^End the session on / }).click();
      expect(await page.getByRole('status').innerText()).toBe('The session has ended.');
      await page.getByLabel('Current password').fill(PASSWORD);
      await page.getByLabel('New password').fill(`${PASSWORD} and sound`);
      await page.getByRole('button', { name: 'Change password' }).click();
      await page.waitForURL('**/account?done=password');
      await page.goto(`${server.url}/admin/me`);
      expect(await page.getByRole('main').innerText()).toContain(email);
    });
  });

  it('is signed in again where the session ends while a page is open', async () => {
    const person = await server.client.register();
    await withPage({ javaScriptEnabled }, async (page) => {
      await signIn(page, person);
      await server.database.query('DELETE FROM sessions WHERE user_id = $1', [person.id]);
      await server.move(20 * 60_000);
      await page.getByRole('button', { name: 'Save' }).click();
      await page.waitForURL('**/login?return_to=**');
      expect(await page.getByRole('status').innerText()).toContain('Your session has ended.');
      await page.getByLabel('E-mail address or user name').fill(person.username);
      await page.getByLabel('Password').fill(person.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL('**/account');
    });
  });
});

describe.each([
  ['light', 1000, 1],
  ['dark', 1000, 1],
  ['light', 320, 1],
  ['dark', 320, 1],
  ['light', 640, 2],
] as const)('in %s at %i px and text of %i times the size', (colorScheme, width, zoom) => {
  it('every page meets WCAG 2.2 AA and never scrolls sideways', async () => {
    const person = await server.client.register();
    await withPage({ colorScheme, viewport: { width, height: 800 } }, async (page) => {
      const check = async (name: string): Promise<void> => {
        if (zoom > 1) await page.evaluate(`document.documentElement.style.fontSize = '${zoom * 100}%'`);
        expect([name, await faultsOf(page)]).toEqual([name, []]);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect([name, overflow]).toEqual([name, 0]);
      };
      for (const path of ['/', '/login', '/register', '/?done=logout', '/login?return_to=/account']) {
        await page.goto(server.url + path);
        await check(path);
      }
      await page.goto(`${server.url}/login`);
      if (PICTURES && width === 1000) await page.screenshot({ path: `${PICTURES}/login-${colorScheme}.png` });
      await page.getByRole('button', { name: 'Sign in' }).click();
      await check('a refused login');
      await page.goto(`${server.url}/register`);
      await page.getByRole('button', { name: 'Create account' }).click();
      await check('a refused registration');
      await signIn(page, person);
      await server.client.login(person);
      for (const path of ['/account', '/account?done=password', '/admin/me', '/logout']) {
        await page.goto(server.url + path);
        await check(path);
      }
      await page.goto(`${server.url}/account`);
      if (PICTURES && width === 1000)
        await page.screenshot({ path: `${PICTURES}/account-${colorScheme}.png`, fullPage: true });
      await page.getByRole('button', { name: 'Change password' }).click();
      await check('a refused password');
    });
  });
});
