import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../../access/access.decorators.js';
import { errorsPage } from './errors-page.js';

@ApiExcludeController()
@Controller('docs')
export class DocsController {
  private readonly page = errorsPage();

  @Public()
  @Get('errors')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'public, max-age=300')
  errors(): string {
    return this.page;
  }
}
