import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span in OTLP's JSON form: the fields that tests use. */
export interface CollectedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Record<string, unknown>;
}

interface Attribute {
  readonly key: string;
  readonly value: Record<string, unknown>;
}

interface Export {
  readonly resourceSpans: Array<{
    readonly resource: { readonly attributes: Attribute[] };
    readonly scopeSpans: Array<{
      readonly spans: Array<Omit<CollectedSpan, 'attributes'> & { readonly attributes: Attribute[] }>;
    }>;
  }>;
}

/** A substitute for an OpenTelemetry collector, which receives OTLP over HTTP. */
export class TraceCollector {
  /** Every received body with its content type. */
  readonly received: Array<{ readonly type: string | undefined; readonly body: Buffer }> = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TraceCollector> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url, headers } = request;
        const type = headers['content-type'];
        const isExport = method === 'POST' && url === '/v1/traces';
        if (isExport) collector.received.push({ type, body: Buffer.concat(chunks) });
        response.writeHead(isExport ? 200 : 404, { 'content-type': type ?? '' }).end('');
      });
    });
    const collector = new TraceCollector(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans of the JSON bodies. */
  get spans(): CollectedSpan[] {
    return this.exports.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) =>
          spans.map((span) => ({ ...span, attributes: asRecord(span.attributes) })),
        ),
      ),
    );
  }

  /** The resource attributes of the spans. */
  get resource(): Record<string, unknown> {
    return asRecord(this.exports[0]?.resourceSpans[0]?.resource.attributes ?? []);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private get exports(): Export[] {
    const json = this.received.filter(({ type }) => type === 'application/json');
    return json.map(({ body }) => JSON.parse(body.toString()) as Export);
  }
}

function asRecord(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
