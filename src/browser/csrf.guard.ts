import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { countHeaders } from '@latchkey/token-rules';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';

/**
 * Admits a form only from a page of this service, so that no other site can send one with the visitor's cookie, nor sign a
 * visitor in to another account. Browsers say where a request comes from in `Sec-Fetch-Site`, and over plain http in
 * `Origin` alone; both are compared with the configured issuer and never with `Host`, which the client chooses.
 */
@Injectable()
export class CsrfGuard implements CanActivate {
  private readonly ownOrigin: string;

  constructor(@Inject(TOKEN_CONFIG) { issuer }: TokenConfig) {
    this.ownOrigin = new URL(issuer).origin;
  }

  /** @throws AppError `cross_origin_form` */
  canActivate(context: ExecutionContext): boolean {
    const { headers, rawHeaders } = context.switchToHttp().getRequest<FastifyRequest>().raw;
    // Node joins or drops a repeated header, so a second one could hide the first.
    const repeated = ['sec-fetch-site', 'origin'].some((name) => countHeaders(rawHeaders, name) > 1);
    const site = headers['sec-fetch-site'];
    const own = site === undefined ? headers.origin === this.ownOrigin : site === 'same-origin';
    if (own && !repeated) return true;
    throw new AppError('cross_origin_form', {
      diagnosis: { site: site ?? null, origin: headers.origin ?? null, expected: this.ownOrigin },
    });
  }
}
