import { z } from 'zod';
import type { TracingConfig } from './config.js';
import type { ConfigProblem } from './env.schema.js';

const text = z.string().optional();

/** The variables of the OpenTelemetry specification that switch tracing on and choose its protocol. */
export const TRACING_SETTINGS = {
  OTEL_SDK_DISABLED: text,
  OTEL_TRACES_EXPORTER: text,
  OTEL_EXPORTER_OTLP_ENDPOINT: text,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text,
  OTEL_EXPORTER_OTLP_PROTOCOL: text,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: text,
};

type TracingSettings = Partial<Record<keyof typeof TRACING_SETTINGS, string | undefined>>;

interface ReadTracing {
  /** Undefined: traces are off. */
  readonly tracing: TracingConfig | undefined;
  readonly problems: readonly ConfigProblem[];
}

const OFF: ReadTracing = { tracing: undefined, problems: [] };

/**
 * Traces are on where an exporter or an endpoint is set. Platforms may set the other variables for everything they run,
 * so while traces are off these variables are not checked.
 */
export function readTracing(settings: TracingSettings): ReadTracing {
  const exporter = settings.OTEL_TRACES_EXPORTER;
  const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;
  if (settings.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || exporter === 'none') return OFF;
  if (exporter === undefined && endpoints.every((name) => settings[name] === undefined)) return OFF;
  const problems: ConfigProblem[] = [];
  if (exporter !== undefined && exporter !== 'otlp') {
    problems.push({ setting: 'OTEL_TRACES_EXPORTER', message: 'must be otlp or none' });
  }
  for (const setting of endpoints) {
    const url = settings[setting];
    if (url !== undefined && !/^https?:\/\/./.test(url))
      problems.push({ setting, message: 'must be an http(s) URL' });
  }
  const { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: tracesProtocol, OTEL_EXPORTER_OTLP_PROTOCOL: commonProtocol } =
    settings;
  const protocol = tracesProtocol ?? commonProtocol ?? 'http/protobuf';
  if (isProtocol(protocol)) return { tracing: { protocol }, problems };
  const setting = `OTEL_EXPORTER_OTLP_${tracesProtocol === undefined ? '' : 'TRACES_'}PROTOCOL`;
  const message = 'must be http/protobuf or http/json: gRPC is not supported';
  return { tracing: undefined, problems: [...problems, { setting, message }] };
}

function isProtocol(value: string): value is TracingConfig['protocol'] {
  return value === 'http/protobuf' || value === 'http/json';
}
