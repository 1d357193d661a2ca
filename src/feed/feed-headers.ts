import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { requestPath } from '../platform/http/request-path.js';

/** Sets `X-Total-Count` and the `Link` header (RFC 8288). A page that is not full has no `next` link. */
export function describeFeed(
  request: FastifyRequest,
  reply: FastifyReply,
  page: { readonly limit: number; readonly total: number; readonly rows: ReadonlyArray<{ seq: number }> },
): void {
  const path = requestPath(request);
  const links = [`<${path}?limit=${page.limit}>; rel="first"`];
  const last = page.rows.at(-1);
  if (last && page.rows.length === page.limit) {
    links.push(`<${path}?limit=${page.limit}&after=${last.seq}>; rel="next"`);
  }
  void reply.header('x-total-count', page.total).header('link', links.join(', '));
}

/** Returns the body with its `ETag`, or answers 304 without one where `If-None-Match` names it (RFC 9110, 13.1.2). */
export function unlessKnown<T>(request: FastifyRequest, reply: FastifyReply, body: T): T | undefined {
  const tag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)}"`;
  void reply.header('etag', tag);
  const known = request.headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (!known?.some((one) => one === '*' || one === tag)) return body;
  void reply.status(304);
  return undefined;
}
