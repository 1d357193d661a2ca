import type { FastifyReply, FastifyRequest } from 'fastify';
import { refusalOf } from './http-adapter.js';
import type { Log } from '../kernel/log.js';
import { publish, type AnsweredRequest } from '../metrics/events.js';

/** The status nginx logs for a client that closed the connection before the answer; it is never sent. */
const CLIENT_LEFT = 499;

/** Logs one line for a request that has ended and publishes the same facts to the metrics. */
export function recordRequest(request: FastifyRequest, reply: FastifyReply, log: Log): void {
  recordAnswer(request.id, ending(request, reply), log);
}

/** {@link recordRequest} for a request that was answered before the framework saw it. */
export function recordAnswer(requestId: string, answered: AnsweredRequest, log: Log): void {
  publish('request', answered);
  if (!log.isLevelEnabled('info')) return;
  const { method, route, status, code, seconds, aborted } = answered;
  const line = {
    request_id: requestId,
    method,
    route,
    status,
    code,
    duration_ms: Math.round(seconds * 10_000) / 10,
    ...(aborted && { aborted }),
  };
  log.info(line, 'request');
}

function ending(request: FastifyRequest, reply: FastifyReply): AnsweredRequest {
  const { method, routeOptions, refusedWith, raw } = request;
  const { headersSent, writableFinished } = reply.raw;
  // The route's pattern instead of the path: a path may hold secrets.
  const base = { method, route: routeOptions.url ?? 'unmatched', seconds: reply.elapsedTime / 1000 };
  // The connection was refused while the request was still arriving, too slowly or malformed.
  const refusal = refusalOf(raw.socket);
  if (refusal) return { ...base, status: refusal.status, code: refusal.code, aborted: false };
  // Fastify answers 400 to a client that left while it was sending; that answer does not count.
  const wasDelivered = writableFinished || (headersSent && raw.complete);
  if (!wasDelivered) return { ...base, status: CLIENT_LEFT, code: undefined, aborted: true };
  return { ...base, status: reply.statusCode, code: refusedWith, aborted: !writableFinished };
}
