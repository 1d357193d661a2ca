import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ForwardAuth } from '../auth/forward-auth.js';
import { Lifecycle } from '../platform/http/lifecycle.js';
import type { Log } from '../platform/kernel/log.js';
import { namesHost } from '../platform/http/http-adapter.js';
import { requestId } from '../platform/http/request-id.js';
import { ProxyWatch } from '../limits/proxy-watch.js';
import { securityHeaders } from '../platform/http/security-headers.js';
import { recordAnswer } from '../platform/http/request-log.js';

const PATH = '/auth/verify';
/** The targets that ask for no scope; proxies send the others for a location without a scope. */
const WITHOUT_SCOPE: ReadonlySet<string | undefined> = new Set([PATH, `${PATH}?scope=`, `${PATH}?scope`]);

/** The headers of every answer of this listener. */
const HEADERS = [
  ...Object.entries(securityHeaders()).flat(),
  'cache-control',
  'no-store',
  'content-length',
  '0',
];
const VERIFIED = { method: 'GET', route: PATH, status: 200, code: undefined, aborted: false } as const;

/** Traces read the route of a request from this channel; Fastify publishes it for the other routes. */
const handlerStarts = channel('tracing:fastify.request.handler:start');

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Answers `GET /auth/verify` for known good tokens before the framework sees the request: a proxy asks on each request of
 * each user, and routing, guards and hooks would be most of the work. Every other request takes the ordinary route, also
 * one with a query, with a body, or with an `Origin`, which needs CORS headers.
 */
export function answerForwardAuth(app: NestFastifyApplication, log: Log): void {
  const server = app.getHttpServer();
  const [framework, ...others] = server.listeners('request') as Listener[];
  if (!framework || others.length > 0)
    throw new Error('expected exactly one request listener, that of the framework');
  const forwardAuth = app.get(ForwardAuth);
  const lifecycle = app.get(Lifecycle);
  const proxies = app.get(ProxyWatch);
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const startedAt = performance.now();
    const identity =
      WITHOUT_SCOPE.has(request.url) && isPlain(request) && !lifecycle.draining
        ? forwardAuth.recall(request)
        : undefined;
    if (!identity) {
      framework(request, response);
      return;
    }
    proxies.see(request);
    if (handlerStarts.hasSubscribers) handlerStarts.publish({ route: { url: PATH } });
    const id = requestId(request);
    response.writeHead(200, [...identity, 'x-request-id', id, ...HEADERS]);
    response.end();
    const seconds = (performance.now() - startedAt) / 1000;
    recordAnswer(id, { ...VERIFIED, seconds }, log);
  });
}

function isPlain(request: IncomingMessage): boolean {
  const { method, headers } = request;
  return (
    method === 'GET' &&
    namesHost(request) &&
    headers.origin === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  );
}
