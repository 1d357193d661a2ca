import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { requestPath } from '../platform/http/request-path.js';

/** `X-Total-Count` and the `Link` headers of RFC 8288; a page that is not full has no next one yet. */
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

/** RFC 9110 section 13.1.2: the body with its `ETag`, or 304 and nothing where the client has that body already. */
export function unlessKnown<T>(request: FastifyRequest, reply: FastifyReply, body: T): T | undefined {
  const tag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)}"`;
  void reply.header('etag', tag);
  const known = request.headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (!known?.some((one) => one === '*' || one === tag)) return body;
  void reply.status(304);
  return undefined;
}
