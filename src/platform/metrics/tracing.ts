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

/** How long the last spans may take to be sent. */
const LAST_EXPORT_MS = 3000;
/** Asked every few seconds by machines, and nobody's request. */
const UNTRACED: ReadonlySet<string | undefined> = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * Every attribute that leaves the process: a closed list, because the instrumentations also set the path, the query
 * string, addresses and headers of clients. `db.query.text` is our own SQL, whose parameters stand as $1.
 */
const TOLD: ReadonlySet<string> = new Set([
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

/** Traces of this process while it runs. */
export interface Tracing {
  /** Sends what is still held back. Never throws. */
  stop(): Promise<void>;
}

/**
 * From now on requests and their statements are spans, sent by OTLP over HTTP as the standard `OTEL_*` variables say.
 * A caller's `traceparent` is continued (W3C Trace Context). Nothing but this file loads OpenTelemetry.
 */
export function startTracing({ protocol }: TracingConfig, log: Log): Tracing {
  const exporter = protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'latchkey' }))
      .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new DiscreetExporter(exporter, log))],
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
    // A collector that does not answer does not keep the process.
    await Promise.race([
      provider.shutdown().catch(() => undefined),
      delay(LAST_EXPORT_MS, undefined, { ref: false }),
    ]);
  };
  return { stop };
}

/** The instrumentation of node:http knows no routes; Fastify says which one a request has come to. */
function nameRoutes(): void {
  subscribe('tracing:fastify.request.handler:start', (message) => {
    const { route } = message as { readonly route?: { readonly url?: string } };
    const metadata = getRPCMetadata(context.active());
    if (metadata && route?.url !== undefined) metadata.route = route.url;
  });
}

/** Passes on what may be told of a span, and says once when the collector cannot be reached, and once when it can. */
class DiscreetExporter implements SpanExporter {
  private failing = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly log: Log,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.exporter.export(spans.map(discreet), (result) => {
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

/** Without events and messages: they are errors' texts, and those of the database may quote values. */
function discreet(span: ReadableSpan): ReadableSpan {
  const attributes: Attributes = Object.fromEntries(
    Object.entries(span.attributes).filter(([name]) => TOLD.has(name)),
  );
  return Object.create(span, {
    attributes: { value: attributes },
    events: { value: [] },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}

/**
 * Instrumentations wait for their library to be loaded, by a hook of require() or import. In a packed file neither is
 * called, and what is loaded already would be missed: these two are given what they are to instrument.
 */
class TracedHttp extends HttpInstrumentation {
  // The declared type is a pair; the base class, which calls this, takes any list.
  override init(): never {
    return give(super.init(), { http });
  }
}

class TracedPg extends PgInstrumentation {
  protected override init(): never {
    // pg.Pool is a subclass of that of pg-pool.
    return give(super.init(), { pg, 'pg-pool': Object.getPrototypeOf(pg.Pool) as unknown });
  }
}

function give(
  definitions: readonly InstrumentationNodeModuleDefinition[],
  modules: Readonly<Record<string, unknown>>,
): never {
  for (const { name, patch } of definitions) {
    if (name in modules) patch?.(modules[name]);
  }
  return [] as never;
}
