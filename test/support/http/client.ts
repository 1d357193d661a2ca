import { randomBytes } from 'node:crypto';
import { SERVICE_SCOPES } from '../../../src/access/scopes.js';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON, or the text. */
  readonly body: T;
  readonly text: string;
}

export interface Request {
  readonly token?: string;
  readonly json?: unknown;
  readonly form?: Record<string, string> | string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface TokenPair {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly scope: string;
}

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly password: string;
}

/** An HTTP client of a running service, with a method for each frequent step of the tests. */
export class Client {
  constructor(readonly url: string) {}

  async request<T = Record<string, unknown>>(
    method: string,
    path: string,
    request: Request = {},
  ): Promise<Answer<T>> {
    const headers: Record<string, string> = { ...request.headers };
    let body = request.body;
    if (request.token !== undefined) headers['authorization'] = `Bearer ${request.token}`;
    if (request.json !== undefined) {
      headers['content-type'] ??= 'application/json';
      body = JSON.stringify(request.json);
    }
    if (request.form !== undefined) {
      headers['content-type'] ??= 'application/x-www-form-urlencoded';
      body = new URLSearchParams(request.form).toString();
    }
    const response = await fetch(this.url + path, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
    // A stream of events does not end by itself; event-follower.ts reads streams.
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    if (isStream) await response.body?.cancel();
    const text = isStream ? '' : await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) as T, text };
  }

  get<T = Record<string, unknown>>(path: string, request?: Request): Promise<Answer<T>> {
    return this.request<T>('GET', path, request);
  }

  post<T = Record<string, unknown>>(path: string, request?: Request): Promise<Answer<T>> {
    return this.request<T>('POST', path, request);
  }

  /** Registers a new user. */
  async register(name = `p${randomBytes(6).toString('hex')}`): Promise<Person> {
    const password = `${randomBytes(9).toString('hex')} staple`;
    const email = `${name}@example.com`;
    const answer = await this.post<{ id: string }>('/auth/register', {
      json: { email, password, username: name },
    });
    if (answer.status !== 201) throw new Error(`registering answered ${answer.status}: ${answer.text}`);
    return { id: answer.body.id, email, username: name, password };
  }

  /** Logs in for the default application, or for what is asked. */
  async login(
    { username, password }: Pick<Person, 'username' | 'password'>,
    asked: { readonly scope?: string; readonly resource?: string } = {},
  ): Promise<TokenPair> {
    const answer = await this.post<TokenPair>('/auth/login', { json: { username, password, ...asked } });
    if (answer.status !== 200) throw new Error(`the login answered ${answer.status}: ${answer.text}`);
    return answer.body;
  }

  /** Logs in for this service, with every scope of it that the user has. */
  loginForService(person: Pick<Person, 'username' | 'password'>): Promise<TokenPair> {
    return this.login(person, { scope: SERVICE_SCOPES.join(' ') });
  }

  /** Registers a new user and logs in. */
  async newcomer(): Promise<Person & TokenPair> {
    const person = await this.register();
    return { ...person, ...(await this.login(person)) };
  }

  refresh(refreshToken: string): Promise<Answer<TokenPair & Record<string, unknown>>> {
    return this.post('/auth/refresh', { json: { refresh_token: refreshToken } });
  }

  me(token: string): Promise<Answer> {
    return this.get('/users/me', { token });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
