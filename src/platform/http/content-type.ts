import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { countHeaders } from '@latchkey/token-rules';
import { AppError } from '../kernel/app-error.js';

export const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';

/** One `; name=value` of a content type (RFC 9110 section 5.6.6). */
const PARAMETER = /;\s*([^\s;="]+)=("(?:[^"\\]|\\.)*"|[^\s;"]*)/g;
/** The labels of UTF-8 (WHATWG Encoding section 4.2) that clients send. */
const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8']);

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The media type of the route's bodies; JSON where absent. */
    consumes?: string;
    /** Whether the route is a page, or the target of a page's form. */
    page?: boolean;
  }
}

/** The route accepts only forms. Routes without this decorator accept only JSON. */
export function ConsumesForm(): MethodDecorator {
  return RouteConfig({ consumes: FORM });
}

/** The media type of the bodies that the request's route accepts. */
export function consumedBy(request: FastifyRequest): string {
  const { consumes = JSON_TYPE } = request.routeOptions.config;
  return consumes;
}

/**
 * Refuses a body that the route does not accept, before the body is read. A chunked body may turn out to be empty, so
 * body-parser.ts checks it once it is read. The type of an absent body says nothing, so it is forgotten.
 * @throws AppError `unsupported_media_type`
 */
export function checkContentType(request: FastifyRequest): void {
  // An unknown path answers 404, whatever its body.
  if (request.is404) return;
  const { headers } = request.raw;
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers;
  if (coding === undefined && length !== '0') return assertContentType(request);
  if (coding === undefined || mediaTypeOf(headers['content-type']) !== consumedBy(request))
    delete headers['content-type'];
}

/**
 * Refuses the headers of a body: a media type that the route does not accept, a charset other than UTF-8, and any
 * content coding, since bodies are never decompressed.
 * @throws AppError `unsupported_media_type`, with `Accept-Encoding` after RFC 9110 section 12.5.3
 */
export function assertContentType(request: FastifyRequest): void {
  const { headers, rawHeaders } = request.raw;
  const consumes = consumedBy(request);
  const type = headers['content-type'];
  // Node keeps the first of two headers, and another reader might keep the second.
  if (mediaTypeOf(type) !== consumes || countHeaders(rawHeaders, 'content-type') > 1)
    throw new AppError('unsupported_media_type', { detail: `Send the body as ${consumes}` });
  if (!charsetsOf(type ?? '').every((charset) => UTF_8.has(charset)))
    throw new AppError('unsupported_media_type', { detail: 'Send the body in UTF-8' });
  if (headers['content-encoding'] === undefined) return;
  throw new AppError('unsupported_media_type', {
    detail: 'Send the body without a Content-Encoding',
    headers: { 'accept-encoding': 'identity' },
  });
}

function mediaTypeOf(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase();
}

function charsetsOf(contentType: string): string[] {
  return [...contentType.matchAll(PARAMETER)]
    .filter(([, name = '']) => name.toLowerCase() === 'charset')
    .map(([, , value = '']) => value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1').toLowerCase());
}
