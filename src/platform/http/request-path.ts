import type { FastifyRequest } from 'fastify';

/** The path of a request as it was sent, without query and without the origin of an absolute target. */
export function requestPath({ url }: Pick<FastifyRequest, 'url'>): string {
  const [target = ''] = url.split('?', 1);
  return target.replace(/^https?:\/\/[^/]*/i, '') || '/';
}
