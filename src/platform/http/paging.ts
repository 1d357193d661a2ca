import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requestPath } from './request-path.js';
import { fieldCode } from '../kernel/validation.js';

function queryInteger(min: number, max: number) {
  return z
    .string()
    .regex(/^-?\d{1,9}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max, fieldCode('out_of_range'));
}

/** `limit` 1 to 100 (default 100), `offset` from 0 (default 0), `after` the last id of the page before. */
export const PageQueryDto = z.object({
  limit: queryInteger(1, 100).default(100).meta({ type: 'integer', minimum: 1, maximum: 100, default: 100 }),
  offset: queryInteger(0, 999_999_999).default(0).meta({ type: 'integer', minimum: 0, default: 0 }),
  after: z
    .uuid()
    .optional()
    .meta({ description: 'The last id of the page before; faster than a large offset' }),
});
export type PageQueryDto = z.output<typeof PageQueryDto>;

/** Sets `X-Total-Count` and the `Link` header of RFC 8288; a page reached by `after` links to the next by `after`. */
export function describePage(
  request: FastifyRequest,
  reply: FastifyReply,
  page: PageQueryDto,
  found: {
    readonly total: number;
    readonly items: ReadonlyArray<{ readonly id: string }>;
    /** Further query parameters of the list, repeated in the links to its other pages. */
    readonly filter?: Readonly<Record<string, string | undefined>>;
  },
): void {
  const path = requestPath(request);
  const filters = Object.entries(found.filter ?? {}).filter(([, value]) => value !== undefined);
  const filter = filters.map(([name, value = '']) => `&${name}=${encodeURIComponent(value)}`).join('');
  const link = (rel: string, position: string) =>
    `<${path}?limit=${page.limit}${filter}${position}>; rel="${rel}"`;
  const links = [link('first', '')];
  const isFull = found.items.length === page.limit;
  if (page.after !== undefined) {
    if (isFull) links.push(link('next', `&after=${found.items.at(-1)?.id}`));
  } else {
    if (page.offset > 0) links.push(link('prev', `&offset=${Math.max(0, page.offset - page.limit)}`));
    if (page.offset + page.limit < found.total)
      links.push(link('next', `&offset=${page.offset + page.limit}`));
  }
  void reply.header('x-total-count', found.total).header('link', links.join(', '));
}
