import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { Lifecycle } from './health/lifecycle.js';

/** How long clients have to use a kept-alive connection once more and be told to close it, in milliseconds. */
const LAST_REQUESTS_MS = 250;

/**
 * Stops serving without failing a request: readiness says no while requests are still taken, every answer then closes
 * its connection, requests under way are finished, and only after the last one the rooms are closed.
 * @param delayMs how long balancers get to notice
 */
export async function drain(app: NestFastifyApplication, delayMs: number): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  app.get(Lifecycle).drain();
  await delay(delayMs);
  const closed = fastify.close();
  const server = app.getHttpServer();
  await Promise.race([closed, delay(LAST_REQUESTS_MS)]);
  const sweep = setInterval(() => server.closeIdleConnections(), LAST_REQUESTS_MS);
  await closed;
  clearInterval(sweep);
  await app.close();
}
