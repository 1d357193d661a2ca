import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { Lifecycle } from '../platform/http/lifecycle.js';

/** How long kept-alive connections may send one more request, whose answer closes them, in milliseconds. */
const LAST_REQUESTS_MS = 250;
/** When requests that are still not answered are cut, in milliseconds after the last one was accepted. */
const DEADLINE_MS = 20_000;

/**
 * Stops serving without failing a request: readiness says no while requests are still taken, and every answer closes
 * its connection; then no connection is taken any more, requests under way are finished, and only after the last one
 * the rooms are closed. Idle connections are cut.
 * @param delayMs how long balancers get to notice
 */
export async function drain(app: NestFastifyApplication, delayMs: number): Promise<void> {
  const server = app.getHttpServer();
  const lifecycle = app.get(Lifecycle);
  lifecycle.drain();
  // Closing the listener closes idle connections with it; a busy client has closed its own by then.
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
