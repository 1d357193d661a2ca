import type { FastifyRequest } from 'fastify';
import type { HttpConfig } from '../config/config.js';

/** How long browsers may cache the answer to a preflight, in seconds. */
const MAX_AGE_SECONDS = 600;

/**
 * The CORS options of each request, for `enableCors`. An OPTIONS request is a preflight only with the headers that a
 * browser sends with one; otherwise OPTIONS is a method like any other.
 */
export function corsDelegate(config: HttpConfig) {
  const options = corsOptions(config);
  return (request: FastifyRequest, done: (error: null, options: object) => void): void => {
    const { origin, 'access-control-request-method': method } = request.headers;
    done(null, { ...options, preflight: origin !== undefined && method !== undefined });
  };
}

function corsOptions({ corsOrigins }: HttpConfig) {
  return {
    origin: [...corsOrigins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
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
