import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { isUtf8 } from 'node:buffer';
import { AppError } from '../kernel/app-error.js';
import { assertContentType, consumedBy, JSON_TYPE } from './content-type.js';

type Done = (error: Error | null, body?: unknown) => void;

/**
 * Reads the bodies of all routes, instead of the parsers of Nest and Fastify, which replace bytes that are not UTF-8:
 * two different passwords would then read alike. An empty body is no body, whatever its content type.
 */
export function readBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    '*',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done: Done) => {
      if (body.length === 0 || request.is404) return done(null, undefined);
      assertContentType(request);
      if (consumedBy(request) === JSON_TYPE) return parseJson(request, utf8(body), done);
      return done(null, parseForm(body.toString('latin1')));
    },
  );
}

/** @throws AppError `malformed_request` where the bytes are not valid UTF-8 */
function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new AppError('malformed_request', { detail: 'The body is not valid UTF-8' });
  return bytes.toString('utf8');
}

/**
 * The fields of a form (WHATWG URL section 5.1); a repeated name has an array of values.
 * @param text the body, one character for each byte
 * @throws AppError `malformed_request` where a name or value is not valid UTF-8, or names a prototype
 */
export function parseForm(text: string): Record<string, string | string[]> {
  const fields = new Map<string, string | string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const [key, decoded] = [formDecoded(name), formDecoded(value)];
    // Copied onto another object, this name would replace its prototype; the JSON parser refuses it too.
    if (key === '__proto__') throw new AppError('malformed_request');
    const before = fields.get(key);
    fields.set(key, before === undefined ? decoded : [before, decoded].flat());
  }
  return Object.fromEntries(fields);
}

function formDecoded(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return utf8(Buffer.from(bytes, 'latin1'));
}
