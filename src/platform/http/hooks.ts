import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Log } from '../kernel/log.js';
import { checkContentType } from './content-type.js';
import { assertHost } from './http-adapter.js';
import { Lifecycle } from './lifecycle.js';
import { recordRequest } from './request-log.js';
import type { RouteTable } from './route-table.js';
import { pageHeaders, securityHeaders } from './security-headers.js';

export interface HookOptions {
  /** Filled with every route that is registered from now on. */
  readonly routes: RouteTable;
  readonly log: Log;
  /** The path of the issuer, see basePathOf. */
  readonly basePath: string;
  /** Called with each request when it arrives. */
  readonly onArrival: (request: IncomingMessage) => void;
}

type HookDone = (error?: Error) => void;

/** Adds the hooks that every request runs: counting, log line, checks of host and content type, and common headers. */
export function addHooks(
  app: NestFastifyApplication,
  { routes, log, basePath, onArrival }: HookOptions,
): void {
  const fastify = app.getHttpAdapter().getInstance();
  const lifecycle = app.get(Lifecycle);
  const commonHeaders = securityHeaders();
  const headersOfPages = pageHeaders();
  fastify.decorateRequest('refusedWith', undefined);
  fastify.decorateRequest('isPage', false);
  fastify.addHook('onRoute', ({ method, url, config }) => routes.add(method, url, config?.page === true));
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: HookDone) => {
    lifecycle.requestBegins();
    // Fastify does not run onResponse for a client that left before the answer, so the socket's close is used.
    reply.raw.once('close', () => {
      lifecycle.requestEnds();
      recordRequest(request, reply, log);
    });
    onArrival(request.raw);
    settle(done, () => assertHost(request));
  });
  // onSend also runs for answers given before any route, such as the preflight of CORS.
  fastify.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, _payload, done: HookDone) => {
    void reply.headers(request.isPage ? headersOfPages : commonHeaders).header('x-request-id', request.id);
    // Answers are not cached unless their route says so: most hold a credential or depend on one.
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    if (basePath !== '') prefixPaths(reply, basePath);
    if (lifecycle.draining) void reply.header('connection', 'close');
    done();
  });
  fastify.addHook('preParsing', (request: FastifyRequest, _reply, _payload, done: HookDone) =>
    settle(done, () => checkContentType(request)),
  );
}

/** Lets the paths in `Location` and `Link` begin with the path of the issuer, which a proxy strips from requests. */
function prefixPaths(reply: FastifyReply, basePath: string): void {
  const { location, link } = reply.getHeaders();
  if (typeof location === 'string' && /^\/(?!\/)/.test(location))
    void reply.header('location', basePath + location);
  if (typeof link === 'string') void reply.header('link', link.replaceAll(/<\/(?!\/)/g, `<${basePath}/`));
}

/** Ends a synchronous hook by its callback, because a promise for each hook would slow down every request. */
function settle(done: HookDone, check: () => void): void {
  try {
    check();
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}
