import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../../access/access.decorators.js';
import { TOKEN_CONFIG, type TokenConfig } from '../config/config.js';
import { basePathOf } from '../config/urls.js';
import { errorsPage } from './errors-page.js';

/** The text of docs/errors.md, which the build puts here; see esbuild.config.js. */
declare const ERRORS_MARKDOWN: string;

@ApiExcludeController()
@Controller('docs')
export class DocsController {
  private readonly page: string;

  constructor(@Inject(TOKEN_CONFIG) { issuer }: TokenConfig) {
    this.page = errorsPage(ERRORS_MARKDOWN, basePathOf(issuer));
  }

  @Public()
  @Get('errors')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'public, max-age=300')
  errors(): string {
    return this.page;
  }
}
