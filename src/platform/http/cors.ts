import type { FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { HttpConfig } from '../config/config.js';
import type { Log } from '../kernel/log.js';

/** How long browsers may cache the answer to a preflight, in seconds. */
const MAX_AGE_SECONDS = 600;
/** Allowed without being asked for. */
const ALLOWED_HEADERS = ['authorization', 'content-type', 'x-request-id'];
/** A field name of RFC 9110 section 5.1. */
const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * The CORS options of each request, for `enableCors`. An OPTIONS request is a preflight only with the headers that a
 * browser sends with one; otherwise OPTIONS is a method like any other. A page of a listed origin may send any header:
 * tracing libraries add theirs to every request.
 * @param watch sees each request: CORS answers preflights before the hooks that see the others
 */
export function corsDelegate(config: HttpConfig, watch: (request: IncomingMessage) => void) {
  const options = corsOptions(config);
  return ({ raw }: FastifyRequest, done: (error: null, options: object) => void): void => {
    watch(raw);
    const preflight = isPreflight(raw);
    const allowedHeaders = preflight ? headersFor(raw) : ALLOWED_HEADERS;
    done(null, { ...options, allowedHeaders, preflight });
  };
}

/**
 * Logs each preflight of an origin that `CORS_ORIGINS` does not list: the browser tells its user little more than that
 * the request failed.
 */
export function preflightWatch({ corsOrigins }: HttpConfig, log: Log): (request: IncomingMessage) => void {
  const listed = new Set(corsOrigins);
  return (request) => {
    const { origin } = request.headers;
    if (origin === undefined || listed.has(origin) || !isPreflight(request)) return;
    log.warn(
      { origin: origin.slice(0, 256), setting: 'CORS_ORIGINS' },
      'CORS_ORIGINS does not list this origin',
    );
  };
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

function headersFor({ headers }: IncomingMessage): string[] {
  const asked = (headers['access-control-request-headers'] ?? '').toLowerCase();
  const names = asked.split(',').map((name) => name.trim());
  return [...new Set([...ALLOWED_HEADERS, ...names.filter((name) => FIELD_NAME.test(name))])];
}

function corsOptions({ corsOrigins }: HttpConfig) {
  return {
    origin: [...corsOrigins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'www-authenticate',
      'x-request-id',
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'x-total-count',
      'link',
      'location',
    ],
    maxAge: MAX_AGE_SECONDS,
  };
}
