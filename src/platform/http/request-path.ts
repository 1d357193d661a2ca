import type { FastifyRequest } from 'fastify';

/** The path a request asks for, as it was sent: without query, and without the authority of an absolute target. */
export function requestPath({ url }: Pick<FastifyRequest, 'url'>): string {
  const [target = ''] = url.split('?', 1);
  return target.replace(/^https?:\/\/[^/]*/i, '') || '/';
}
