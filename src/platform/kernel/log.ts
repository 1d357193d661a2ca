import { Writable } from 'node:stream';
import { types } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { escaped, escapedTwice } from './escaped.js';

export type Log = Logger;

/** Injection token of the {@link Log}. */
export const LOG = Symbol('Log');

export interface LogOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** The number of the worker process, written on each line; absent where there is one process. */
  readonly worker?: number | undefined;
  /** Where lines go; standard output where absent. */
  readonly destination?: Writable;
}

/**
 * The service's log: one JSON object a line, or one coloured line for people. Requests have no serializer, so callers
 * name each field they log. Errors are reduced to type, message, code and stack, because TypeORM's errors carry the
 * bound parameters of the query. Control characters of unverified texts, such as a `kid`, are escaped.
 */
export function createLog(options: LogOptions): Log {
  return pino(
    {
      level: options.level,
      base: options.worker === undefined ? null : { worker: options.worker },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: safeError },
      hooks: { streamWrite: options.format === 'pretty' ? escapedTwice : escaped },
    },
    options.format === 'pretty'
      ? forPeople(options.destination ?? process.stdout)
      : (options.destination ?? inBatches()),
  );
}

/**
 * Standard output, written in the background: lines logged during a write leave with the next write. The rest is
 * written before the process exits; only a kill loses the last lines.
 */
function inBatches(): DestinationStream {
  return pino.destination({ dest: 1, sync: false });
}

function forPeople(destination: Writable): NodeJS.WritableStream {
  return PinoPretty({ destination, sync: true, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
}

const MAX_CAUSES = 5;

/** The parts of an error that may be logged. PostgreSQL's data errors (class 22) quote the value in their message. */
export function safeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!types.isNativeError(error)) return { type: typeof error };
  const { code, constraint, table, cause } = error as Error & Record<string, unknown>;
  const quotesValue = typeof code === 'string' && code.startsWith('22');
  return {
    type: error.constructor.name,
    code,
    constraint,
    table,
    message: quotesValue ? undefined : error.message,
    stack: quotesValue ? undefined : error.stack,
    cause: cause === undefined || depth === MAX_CAUSES ? undefined : safeError(cause, depth + 1),
  };
}

/** Sends Nest's messages to the same log: warnings and errors at their levels, start-up messages at debug. */
export class NestLog implements LoggerService {
  constructor(private readonly sink: Log) {}

  log(message: unknown): void {
    this.sink.debug(String(message));
  }
  debug(message: unknown): void {
    this.sink.debug(String(message));
  }
  verbose(message: unknown): void {
    this.sink.trace(String(message));
  }
  warn(message: unknown): void {
    this.sink.warn(String(message));
  }
  error(message: unknown): void {
    this.sink.error({ err: message instanceof Error ? message : undefined }, String(message));
  }
  fatal(message: unknown): void {
    this.sink.fatal(String(message));
  }
}
