import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../kernel/app-error.js';

export const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';

/** The route accepts only forms. Routes without this decorator accept only JSON. */
export function ConsumesForm(): MethodDecorator {
  return RouteConfig({ consumes: FORM });
}

/**
 * Refuses a body whose content type the route does not accept, before the body is read.
 * @throws AppError `unsupported_media_type`
 */
export function assertContentType(request: FastifyRequest): void {
  // An unknown path answers 404, whatever its body.
  if (request.is404 || !hasBody(request)) return;
  const { consumes = JSON_TYPE } = request.routeOptions.config as { consumes?: string };
  const given = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (given !== consumes)
    throw new AppError('unsupported_media_type', { detail: `Send the body as ${consumes}` });
}

/** RFC 9112 section 6: one of these headers announces a body. */
function hasBody({ headers }: FastifyRequest): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}
