import type { Answer, Client, Request } from './client.js';

const BROWSER_HEADERS = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-site': 'same-origin' };

/** A browser without scripts: it keeps cookies, and sends forms from the pages of the service. */
export class Visitor {
  private readonly cookies = new Map<string, string>();

  constructor(private readonly client: Client) {}

  async request(method: string, path: string, request: Request = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...BROWSER_HEADERS, ...(cookie && { cookie }), ...request.headers };
    const answer = await this.client.request(method, path, { ...request, headers });
    this.keep(answer);
    return answer;
  }

  get(path: string, request?: Request): Promise<Answer> {
    return this.request('GET', path, request);
  }

  /** Sends a form of a page. */
  send(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', path, { form, headers });
  }

  /** The value of the session cookie. */
  get session(): string | undefined {
    return this.cookies.get('latchkey_session');
  }

  set session(value: string) {
    this.cookies.set('latchkey_session', value);
  }

  /** Another window of the same browser, with the cookies as they are now. */
  copy(): Visitor {
    const copy = new Visitor(this.client);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  private keep({ headers }: Answer): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; Max-Age=0(?:;|$)/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

/** The line of `Set-Cookie` for the session cookie. */
export function sessionCookie({ headers }: Answer, name = 'latchkey_session'): string | undefined {
  return headers.getSetCookie().find((line) => line.startsWith(`${name}=`));
}
