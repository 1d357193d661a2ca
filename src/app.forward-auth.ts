import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ForwardAuth } from './auth/forward-auth.js';
import { Lifecycle } from './health/lifecycle.js';
import type { AccessLog } from './access-log.js';
import { requestId } from './kernel/request-id.js';
import { ProxyWatch } from './limits/proxy-watch.js';

const PATH = '/auth/verify';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Answers the good case of `GET /auth/verify` before the framework sees the request: there a proxy waits on behalf of
 * everybody, and routing, guards and hooks would be most of the work. Whatever is not plainly good takes the ordinary
 * way, and so does a request with a query or a body.
 */
export function answerForwardAuth(app: NestFastifyApplication, log: AccessLog): void {
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
      request.url === PATH && isPlain(request) && !lifecycle.draining
        ? forwardAuth.recall(request)
        : undefined;
    if (!identity) {
      framework(request, response);
      return;
    }
    proxies.see(request);
    const id = requestId(request);
    response.writeHead(200, {
      ...identity,
      'x-request-id': id,
      'cache-control': 'no-store',
      'content-length': '0',
    });
    response.end();
    log({ request_id: id, method: 'GET', route: PATH, status: 200 }, performance.now() - from);
  });
}

function isPlain({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.host !== undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  );
}
