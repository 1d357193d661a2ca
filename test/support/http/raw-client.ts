import { Agent, request, type IncomingMessage } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Sends header fields exactly as given, with repetitions; `fetch` would trim, join or refuse them. */
export class RawClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(private readonly url: string) {}

  /** @param fields alternating names and values, as in `IncomingMessage.rawHeaders` */
  get(path: string, fields: readonly string[] = []): Promise<RawAnswer> {
    const { host, hostname, port } = new URL(this.url);
    return new Promise((resolve, reject) => {
      const sent = request(
        { hostname, port, path, agent: this.agent, headers: ['host', host, ...fields] },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end();
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
