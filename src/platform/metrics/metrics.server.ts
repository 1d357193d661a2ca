import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The metrics to serve; `close` is called when the server stops. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

const TIMEOUT_MS = 5000;

/**
 * Serves only `GET /metrics`, on a separate port that clients of the service cannot reach. Starts with {@link listen}.
 * Stops after the other modules, so that the metrics cover the whole shutdown.
 */
@Injectable()
export class MetricsServer implements OnApplicationShutdown {
  private listening: { readonly server: Server; readonly source: MetricsSource } | undefined;

  /** @throws the system's error where the port cannot be used */
  async listen(source: MetricsSource, port: number, host: string): Promise<void> {
    const options = { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, maxHeaderSize: 8192 };
    const server = createServer(options, (request, response) => void answer(source, request, response));
    server.setTimeout(65_000);
    await new Promise<void>((resolve, reject) => {
      // Exclusive: workers share the service's port but each has its own metrics port.
      server.once('error', reject).listen({ port, host, exclusive: true }, resolve);
    });
    this.listening = { server, source };
  }

  /** The URL of the metrics; undefined where they are switched off. */
  get url(): string | undefined {
    if (!this.listening) return undefined;
    const { address, family, port } = this.listening.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.listening) return;
    const { server, source } = this.listening;
    this.listening = undefined;
    source.close();
    await new Promise((closed) => {
      server.close(closed);
      server.closeAllConnections();
    });
  }
}

async function answer(
  source: MetricsSource,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('cache-control', 'no-store');
  if (method !== 'GET' || url?.split('?', 1)[0] !== '/metrics') {
    response.writeHead(404).end();
    return;
  }
  try {
    const text = await source.text();
    response.writeHead(200, { 'content-type': source.contentType }).end(text);
  } catch {
    response.writeHead(500).end();
  }
}
