import fastifyCookie from '@fastify/cookie';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A cookie for every path of the service, which scripts of a page cannot read. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** Undefined for a cookie that ends with the browser. */
  readonly maxAgeSeconds: number | undefined;
  /** Whether browsers send it over HTTPS alone. */
  readonly secure: boolean;
}

/** Makes {@link cookieOf} and {@link setCookie} work. Requests are parsed on use, because few routes read a cookie. */
export async function acceptCookies(app: NestFastifyApplication): Promise<void> {
  await app.register(fastifyCookie, { hook: false });
}

/** The value of a request's cookie (RFC 6265); of two with one name, the first. */
export function cookieOf(request: FastifyRequest, name: string): string | undefined {
  const { cookie } = request.headers;
  return cookie === undefined ? undefined : request.server.parseCookie(cookie)[name];
}

/** Adds a `Set-Cookie` header with `HttpOnly`, `SameSite=Lax` and `Path=/`. */
export function setCookie(reply: FastifyReply, { name, value, maxAgeSeconds, secure }: Cookie): void {
  void reply.setCookie(name, value, {
    path: '/',
    ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds }),
    httpOnly: true,
    sameSite: 'lax',
    secure,
  });
}
