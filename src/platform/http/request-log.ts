import type { FastifyReply, FastifyRequest } from 'fastify';
import { refusalOf } from './http-adapter.js';
import type { Log } from '../kernel/log.js';
import { publish, type AnsweredRequest } from '../metrics/events.js';

/** What others write for a client that closed the connection before it was answered; no client ever reads it. */
const CLIENT_LEFT = 499;

/** One line of the log for a request that is over, and the same to whoever counts. */
export function recordRequest(request: FastifyRequest, reply: FastifyReply, log: Log): void {
  recordAnswer(request.id, ending(request, reply), log);
}

/** {@link recordRequest} for a request that the framework has not seen. */
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
  // The route's pattern, not the path: a path may hold what a log must not.
  const base = { method, route: routeOptions.url ?? 'unmatched', seconds: reply.elapsedTime / 1000 };
  // It was still arriving, too slowly or malformed, and was refused over its head.
  const refusal = refusalOf(raw.socket);
  if (refusal) return { ...base, status: refusal.status, code: refusal.code, aborted: false };
  // A client that leaves while it sends is answered 400, into the void.
  const isHeard = writableFinished || (headersSent && raw.complete);
  if (!isHeard) return { ...base, status: CLIENT_LEFT, code: undefined, aborted: true };
  return { ...base, status: reply.statusCode, code: refusedWith, aborted: !writableFinished };
}
