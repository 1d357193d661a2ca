import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { Lifecycle } from '../platform/http/lifecycle.js';

/** How long a kept-alive connection may send one more request, whose answer closes it, in milliseconds. */
const LAST_REQUESTS_MS = 250;
/** How long open requests may take to finish after the listener is closed, in milliseconds. */
const DEADLINE_MS = 20_000;

/**
 * Stops the service without failing a request. First readiness fails while requests are still accepted, and each answer
 * closes its connection. Then the listener closes, open requests finish, and the modules are destroyed after the last.
 * Idle connections are closed.
 * @param delayMs how long balancers have to notice that the instance is not ready, in milliseconds
 */
export async function drain(app: NestFastifyApplication, delayMs: number): Promise<void> {
  const server = app.getHttpServer();
  const lifecycle = app.get(Lifecycle);
  lifecycle.drain();
  // Closing the listener also closes idle connections; a busy client has closed its own by then.
  await delay(Math.max(delayMs, LAST_REQUESTS_MS));
  const closed = app.getHttpAdapter().getInstance().close();
  const deadline = Date.now() + DEADLINE_MS;
  const sweep = setInterval(() => {
    if (lifecycle.requests === 0 || Date.now() > deadline) server.closeAllConnections();
    else server.closeIdleConnections();
  }, LAST_REQUESTS_MS);
  await closed;
  clearInterval(sweep);
  await app.close();
}
