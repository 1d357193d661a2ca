import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TokenPair } from './client.js';

export interface RefreshAnswer {
  readonly status: number;
  /** The pair, or what a refusal says instead. */
  readonly body: TokenPair & Record<string, unknown>;
}

/**
 * Sends over connections that stay open, and does little else: where requests come by the thousand, `fetch` would be
 * most of the work. A connection that breaks rejects; nothing is sent twice.
 */
export class KeepAliveClient {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    private readonly connections: number,
  ) {
    // In turns: a connection that lies idle may be closed by a server that stops in the moment it is used again.
    this.agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  }

  /** Opens every connection, and with them those of the service to its database. */
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

  /** The status that says what an access token is worth. */
  async verify(accessToken: string): Promise<number> {
    const { status } = await this.send('GET', '/auth/verify', { authorization: `Bearer ${accessToken}` });
    return status;
  }

  /** Any request with a token and a JSON body, for its status and what it says; `signal` ends the connection. */
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
