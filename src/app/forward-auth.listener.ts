import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ForwardAuth } from '../auth/forward-auth.js';
import { Lifecycle } from '../platform/http/lifecycle.js';
import type { Log } from '../platform/kernel/log.js';
import { requestId } from '../platform/http/request-id.js';
import { ProxyWatch } from '../limits/proxy-watch.js';
import { securityHeaders } from '../platform/http/security-headers.js';
import { recordAnswer } from '../platform/http/request-log.js';

const PATH = '/auth/verify';
/** No scope asked for, as it stands in the proxies' configurations where a location names none. */
const WITHOUT_SCOPE: ReadonlySet<string | undefined> = new Set([PATH, `${PATH}?scope=`]);

/** What every answer carries, and this one's own. */
const ALWAYS = [
  ...Object.entries(securityHeaders()).flat(),
  'cache-control',
  'no-store',
  'content-length',
  '0',
];
const GOOD = { method: 'GET', route: PATH, status: 200, code: undefined, aborted: false } as const;

/** Where traces learn the route of a request: Fastify publishes there for every other route. */
const handlerStarts = channel('tracing:fastify.request.handler:start');

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Answers the good case of `GET /auth/verify` before the framework sees the request: there a proxy waits on behalf of
 * everybody, and routing, guards and hooks would be most of the work. Whatever is not plainly good takes the ordinary
 * way, and so does a request with a query, with a body, or from a browser's page, which has to be told by CORS.
 */
export function answerForwardAuth(app: NestFastifyApplication, log: Log): void {
  const server = app.getHttpServer();
  const [framework, ...others] = server.listeners('request') as Listener[];
  if (!framework || others.length > 0) throw new Error('the framework listens in another way than it did');
  const forwardAuth = app.get(ForwardAuth);
  const lifecycle = app.get(Lifecycle);
  const proxies = app.get(ProxyWatch);
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const from = performance.now();
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
    response.writeHead(200, [...identity, 'x-request-id', id, ...ALWAYS]);
    response.end();
    const seconds = (performance.now() - from) / 1000;
    recordAnswer(id, { ...GOOD, seconds }, log);
  });
}

function isPlain({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.host !== undefined &&
    headers.origin === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  );
}
