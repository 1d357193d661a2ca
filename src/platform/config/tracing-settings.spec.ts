import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { ConfigError, loadConfig } from './env.schema.js';
import { readTracing } from './tracing-settings.js';

const SECRET_KEY = randomBytes(32).toString('hex');

describe('traces', () => {
  const of = (environment: Record<string, string>) => loadConfig({ SECRET_KEY, ...environment }).tracing;
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

  it('are off unless an endpoint or an exporter is set', () => {
    expect(of({})).toBeUndefined();
    expect(of({ OTEL_SERVICE_NAME: 'auth', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })).toBeUndefined();
    expect(of({ ...endpoint, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
    expect(of({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined();
    expect(of({ OTEL_TRACES_EXPORTER: 'otlp' })).toEqual({ protocol: 'http/protobuf' });
    expect(of(endpoint)).toEqual({ protocol: 'http/protobuf' });
  });

  it('prefer the protocol of traces to the common one', () => {
    const protocols = {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    };
    expect(of({ ...endpoint, ...protocols })).toEqual({ protocol: 'http/json' });
  });

  it('refuse gRPC and an endpoint that is no URL, unless they are off', () => {
    const wrong = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' };
    expect(of({ ...wrong, OTEL_SDK_DISABLED: 'TRUE' })).toBeUndefined();
    expect(() => of(wrong)).toThrow(ConfigError);
    expect(readTracing(wrong).problems.map(({ setting }) => setting)).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
    ]);
  });
});
