import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PAGES_CONFIG, TOKEN_CONFIG, type PagesConfig, type TokenConfig } from '../platform/config/config.js';
import { basePathOf } from '../platform/config/urls.js';
import { textsFor } from '../views/texts/languages.js';
import type { Texts } from '../views/texts/en.js';
import type { Content, PageName } from '../views/render.js';

/** Renders pages in the visitor's language. What rendering needs is loaded with the first page. */
@Injectable()
export class PageRenderer {
  /** The issuer's path, without a slash at its end. */
  readonly base: string;

  constructor(
    @Inject(TOKEN_CONFIG) { issuer }: TokenConfig,
    @Inject(PAGES_CONFIG) private readonly config: PagesConfig,
  ) {
    this.base = basePathOf(issuer);
  }

  texts(request: FastifyRequest): Texts {
    return textsFor(request.headers['accept-language'], this.config.defaultLocale);
  }

  /** Sends a page. `request.page` makes the answer's headers those of a page. */
  async send<Name extends PageName>(
    request: FastifyRequest,
    reply: FastifyReply,
    name: Name,
    content: Content<Name>,
    status = 200,
  ): Promise<void> {
    const [{ renderPage }, { STYLE_SHEET }] = await Promise.all([
      import('../views/render.js'),
      import('../views/style-sheet.js'),
    ]);
    const frame = {
      texts: this.texts(request),
      brand: { name: this.config.brandName },
      base: this.base,
      styles: `/assets/${STYLE_SHEET.name}`,
    };
    request.isPage = true;
    const html = renderPage(name, frame, content);
    await reply.status(status).type('text/html; charset=utf-8').send(html);
  }

  /** Sends the browser to a path of this service by a GET (RFC 9110 section 15.4.4). */
  redirect(reply: FastifyReply, path: string): void {
    void reply.status(303).header('location', path).send();
  }
}
