import type { Browser, BrowserContext, Locator, Page, Response } from 'playwright-core';

/** The result of trying out an operation. */
export interface Outcome {
  /** The texts that the page shows. */
  readonly shown: { readonly status: string; readonly body: string };
  /** The request and the answer on the network. */
  readonly response: Response;
}

/** The documentation page in a browser. */
export class DocsPage {
  /** Other hosts to which the page sent a request. */
  readonly foreign: string[] = [];
  /** Errors and warnings of the browser's console, without answers of 400 and above, which the tests provoke. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    private readonly url: string,
  ) {}

  static async open(browser: Browser, url: string): Promise<DocsPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    const docs = new DocsPage(await context.newPage(), context, url);
    docs.listen();
    await docs.load();
    return docs;
  }

  async load(): Promise<void> {
    await this.page.goto(`${this.url}/docs`);
    await this.page.locator('.opblock').first().waitFor();
  }

  /** Clears the page's state. A new browser would take longer, because it compiles the page's scripts again. */
  async startAfresh(): Promise<void> {
    await this.page.evaluate('localStorage.clear()');
    this.foreign.length = 0;
    this.complaints.length = 0;
    await this.load();
  }

  operation(id: string): Locator {
    return this.page.locator(`.opblock[id$="-${id}"]`);
  }

  /** Sends an operation from the page with its prefilled values. */
  async tryOut(id: string): Promise<Outcome> {
    const operation = this.operation(id);
    const execute = operation.getByRole('button', { name: 'Execute' });
    if (!(await execute.isVisible())) await operation.locator('.opblock-summary-control').click();
    const [response] = await Promise.all([
      this.page.waitForResponse((answer) => answer.request().resourceType() === 'fetch'),
      execute.click(),
    ]);
    const answer = operation.locator('.live-responses-table .response').first();
    await answer.locator('.response-col_status', { hasText: String(response.status()) }).waitFor();
    const [status = ''] = (await answer.locator('.response-col_status').innerText()).split('\n');
    const body = answer.locator('.response-col_description pre').first();
    return { response, shown: { status, body: await body.innerText() } };
  }

  async openPadlock(): Promise<void> {
    await this.page.locator('.auth-wrapper > .authorize').click();
    await this.page.locator('.dialog-ux').waitFor();
  }

  /** Whether the padlock of an operation is closed. */
  async isLocked(id: string): Promise<boolean> {
    const label = await this.operation(id).locator('.authorization__btn').getAttribute('aria-label');
    return label === 'authorization button locked';
  }

  /** Opens the padlock's dialog and returns one of its schemes. */
  async padlock(scheme: 'bearer (http' | 'password (OAuth2' | 'client (http'): Promise<Locator> {
    const dialog = this.page.locator('.dialog-ux');
    if (!(await dialog.isVisible())) await this.openPadlock();
    return dialog.locator('.auth-container', { hasText: scheme });
  }

  async closePadlock(): Promise<void> {
    await this.page.locator('.dialog-ux .close-modal').click();
  }

  /** Types a user name and password into the password flow and presses its button. */
  async submitPassword(username: string, password: string): Promise<Locator> {
    const flow = await this.padlock('password (OAuth2');
    await flow.getByLabel('username:').fill(username);
    await flow.getByLabel('password:').fill(password);
    await flow.locator('button.authorize').click();
    return flow;
  }

  async logIn(username: string, password: string): Promise<void> {
    const flow = await this.submitPassword(username, password);
    await flow.getByRole('button', { name: 'Remove authorization' }).waitFor();
    await this.closePadlock();
  }

  /** All data that the page stored in the browser. */
  async stored(): Promise<string> {
    return JSON.stringify(await this.context.storageState());
  }

  private listen(): void {
    const { host } = new URL(this.url);
    this.context.on('request', (request) => {
      const address = new URL(request.url());
      if (address.protocol !== 'data:' && address.host !== host) this.foreign.push(address.host);
    });
    this.page.on('pageerror', (error) => this.complaints.push(error.message));
    this.page.on('console', (message) => {
      const text = message.text();
      if (!['error', 'warning'].includes(message.type()) || /responded with a status of 4\d\d/.test(text))
        return;
      this.complaints.push(text);
    });
  }
}
