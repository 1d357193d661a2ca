import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { cookieOf, setCookie } from '../platform/http/cookies.js';

/**
 * The session cookie. Its name and `Secure` follow the issuer's scheme and never the request: with https it is a
 * `__Host-` cookie, which no other host of the domain can set; browsers drop such a cookie over plain http.
 */
@Injectable()
export class BrowserCookie {
  private readonly secure: boolean;
  readonly name: string;

  constructor(@Inject(TOKEN_CONFIG) { issuer }: TokenConfig) {
    this.secure = issuer.startsWith('https:');
    this.name = this.secure ? '__Host-latchkey' : 'latchkey_session';
  }

  /** The browser token of a request; a cookie of the other name is not read. */
  read(request: FastifyRequest): string | undefined {
    return cookieOf(request, this.name);
  }

  /** @param maxAgeSeconds undefined for a cookie that ends with the browser */
  set(reply: FastifyReply, value: string, maxAgeSeconds: number | undefined): void {
    setCookie(reply, { name: this.name, value, maxAgeSeconds, secure: this.secure });
  }

  clear(reply: FastifyReply): void {
    this.set(reply, '', 0);
  }
}
