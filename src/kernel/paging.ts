import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { fieldCode } from './validation.js';

function queryInteger(min: number, max: number) {
  return z
    .string()
    .regex(/^-?\d{1,9}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max, fieldCode('out_of_range'));
}

/** `limit` 1 to 100 (100), `offset` from 0 (0), `after` the last id of the page before. */
export const PageQueryDto = z.object({
  limit: queryInteger(1, 100).default(100).meta({ type: 'integer', minimum: 1, maximum: 100, default: 100 }),
  offset: queryInteger(0, 999_999_999).default(0).meta({ type: 'integer', minimum: 0, default: 0 }),
  after: z
    .uuid()
    .optional()
    .meta({ description: 'The last id of the page before; faster than a large offset' }),
});
export type PageQueryDto = z.output<typeof PageQueryDto>;

/** `X-Total-Count`, and the `Link` headers of RFC 8288 to the first, previous and next page. */
export function describePage(
  request: FastifyRequest,
  reply: FastifyReply,
  page: PageQueryDto,
  total: number,
): void {
  const [path] = request.url.split('?', 1);
  const link = (offset: number, rel: string) =>
    `<${path}?limit=${page.limit}&offset=${offset}>; rel="${rel}"`;
  const links = [link(0, 'first')];
  if (page.offset > 0) links.push(link(Math.max(0, page.offset - page.limit), 'prev'));
  if (page.offset + page.limit < total) links.push(link(page.offset + page.limit, 'next'));
  void reply.header('x-total-count', total).header('link', links.join(', '));
}
