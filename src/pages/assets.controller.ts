import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/access.decorators.js';
import { AppError } from '../platform/kernel/app-error.js';

/** The files of the pages. A file's name changes with its content. */
@ApiExcludeController()
@Public()
@Controller('assets')
export class AssetsController {
  /** @throws AppError `not_found` */
  @Get(':name')
  async asset(@Param('name') name: string, @Res() reply: FastifyReply): Promise<void> {
    const { STYLE_SHEET } = await import('../views/style-sheet.js');
    if (name !== STYLE_SHEET.name) throw new AppError('not_found');
    void reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('text/css; charset=utf-8')
      .send(STYLE_SHEET.text);
  }
}
