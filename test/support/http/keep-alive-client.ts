import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TokenPair } from './client.js';

export interface RefreshAnswer {
  readonly status: number;
  /** The pair, or the body of a refusal. */
  readonly body: TokenPair & Record<string, unknown>;
}

/**
 * A light client with connections that stay open: with thousands of requests, `fetch` would take most of the time. A
 * broken connection rejects the request; no request is sent twice.
 */
export class KeepAliveClient {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    private readonly connections: number,
  ) {
    // Connections are used in turn: a stopping server may close an idle connection at the moment of its next use.
    this.agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  }

  /** Opens every connection, which also makes the service open its connections to the database. */
  async warmUp(): Promise<void> {
    const opening = Array.from({ length: this.connections }, () => this.send('GET', '/health/ready', {}));
    await Promise.all(opening);
  }

  async refresh(refreshToken: string): Promise<RefreshAnswer> {
    const body = JSON.stringify({ refresh_token: refreshToken });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const { status, text: answered } = await this.send('POST', '/auth/refresh', headers, body);
    return { status, body: JSON.parse(answered) as RefreshAnswer['body'] };
  }

  /** The status of `GET /auth/verify` for an access token. */
  async verify(accessToken: string): Promise<number> {
    const { status } = await this.send('GET', '/auth/verify', { authorization: `Bearer ${accessToken}` });
    return status;
  }

  /** Sends any request with a token and a JSON body and returns status and body; `signal` ends the connection. */
  async ask(
    method: string,
    path: string,
    {
      token,
      json,
      signal,
    }: { readonly token?: string; readonly json?: unknown; readonly signal?: AbortSignal } = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    };
    const { status, text: answered } = await this.send(method, path, headers, body, signal);
    return { status, body: answered === '' ? {} : (JSON.parse(answered) as Record<string, unknown>) };
  }

  close(): void {
    this.agent.destroy();
  }

  private send(
    method: string,
    path: string,
    headers: Record<string, string | number>,
    body?: string,
    signal?: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        this.url + path,
        { method, agent: this.agent, headers, ...(signal && { signal }) },
        (response) => {
          text(response)
            .then((answered) => resolve({ status: response.statusCode ?? 0, text: answered }))
            .catch(reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
