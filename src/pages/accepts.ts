import type { FastifyRequest } from 'fastify';

/** Whether the client asks for JSON and not for a page. */
export function asksForJson({ headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.includes('application/json') && !accept.includes('text/html');
}

/** Whether the client reads pages, as browsers do. */
export function readsPages({ headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.includes('text/html');
}
