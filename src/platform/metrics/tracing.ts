import type { InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import { context, type Attributes } from '@opentelemetry/api';
import { ExportResultCode, getRPCMetadata, type ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import { subscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { TracingConfig } from '../config/config.js';
import type { Log } from '../kernel/log.js';

/** How long sending the last spans may take, in milliseconds. */
const LAST_EXPORT_MS = 3000;
/** Machines ask for these every few seconds. */
const UNTRACED: ReadonlySet<string | undefined> = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * Every attribute that leaves the process: a closed list, because the instrumentations also set the path, the query
 * string, addresses and headers of clients. `db.query.text` is the service's SQL with placeholders such as $1.
 */
const EXPORTED_ATTRIBUTES: ReadonlySet<string> = new Set([
  'db.namespace',
  'db.query.text',
  'db.system.name',
  'error.type',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'network.protocol.version',
  'url.scheme',
]);

/** The running export of traces. */
export interface Tracing {
  /** Sends the remaining spans and stops. Never throws. */
  stop(): Promise<void>;
}

/**
 * Starts to record requests and their statements as spans, sent by OTLP over HTTP according to the standard `OTEL_*`
 * variables. A caller's `traceparent` is continued (W3C Trace Context). Only this file loads OpenTelemetry.
 */
export function startTracing({ protocol }: TracingConfig, log: Log): Tracing {
  const exporter = protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'latchkey' }))
      .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new RedactingExporter(exporter, log))],
  });
  provider.register();
  const config = {
    disableOutgoingRequestInstrumentation: true,
    ignoreIncomingRequestHook: ({ url }: http.IncomingMessage) => UNTRACED.has(url),
  };
  new TracedHttp(config).setTracerProvider(provider);
  new TracedPg({ requireParentSpan: true, ignoreConnectSpans: true }).setTracerProvider(provider);
  nameRoutes();
  const stop = async (): Promise<void> => {
    // A collector that does not answer must not delay the end of the process.
    await Promise.race([
      provider.shutdown().catch(() => undefined),
      delay(LAST_EXPORT_MS, undefined, { ref: false }),
    ]);
  };
  return { stop };
}

/** Adds the route to each span: the instrumentation of node:http does not know it, Fastify publishes it. */
function nameRoutes(): void {
  subscribe('tracing:fastify.request.handler:start', (message) => {
    const { route } = message as { readonly route?: { readonly url?: string } };
    const metadata = getRPCMetadata(context.active());
    if (metadata && route?.url !== undefined) metadata.route = route.url;
  });
}

/** Exports spans without sensitive parts, and logs once when the exports begin to fail and once when they work again. */
class RedactingExporter implements SpanExporter {
  private failing = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly log: Log,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.exporter.export(spans.map(redacted), (result) => {
      const failed = result.code !== ExportResultCode.SUCCESS;
      if (failed && !this.failing) this.log.warn({ err: result.error }, 'traces cannot be exported');
      if (!failed && this.failing) this.log.info('traces are exported again');
      this.failing = failed;
      done(result);
    });
  }

  async shutdown(): Promise<void> {
    await this.exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }
}

/** The span without events and messages, which hold error texts; those of the database may quote values. */
function redacted(span: ReadableSpan): ReadableSpan {
  const attributes: Attributes = Object.fromEntries(
    Object.entries(span.attributes).filter(([name]) => EXPORTED_ATTRIBUTES.has(name)),
  );
  return Object.create(span, {
    attributes: { value: attributes },
    events: { value: [] },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}

/**
 * Instrumentations patch their library when require() or import loads it. The packed file loads it differently, and
 * libraries that are already loaded would be missed, so these two classes patch the modules directly.
 */
class TracedHttp extends HttpInstrumentation {
  // The declared type is a pair; the base class, which calls this method, accepts any list.
  override init(): never {
    return patchLoaded(super.init(), { http });
  }
}

class TracedPg extends PgInstrumentation {
  protected override init(): never {
    // pg.Pool is a subclass of the pool of pg-pool.
    return patchLoaded(super.init(), { pg, 'pg-pool': Object.getPrototypeOf(pg.Pool) as unknown });
  }
}

function patchLoaded(
  definitions: readonly InstrumentationNodeModuleDefinition[],
  modules: Readonly<Record<string, unknown>>,
): never {
  for (const { name, patch } of definitions) {
    if (name in modules) patch?.(modules[name]);
  }
  return [] as never;
}
