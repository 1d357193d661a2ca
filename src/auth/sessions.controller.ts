import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CurrentUser } from '../access/access.decorators.js';
import type { UserPrincipal } from '../access/principal.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { describePage, PageQueryDto } from '../platform/http/paging.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { AuthService } from './auth.service.js';
import { objectId } from '../platform/http/object-id.js';
import { SessionDto, toSessionDto } from '../sessions/dto/session.dto.js';

@ApiTags('sessions')
@Controller('auth/sessions')
export class SessionsController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'My live sessions' })
  @ApiOkResponse({ standardSchema: z.array(SessionDto), description: 'Oldest first' })
  @ApiProblems('validation_failed')
  async list(
    @CurrentUser() { userId, sessionId }: UserPrincipal,
    @Query({ schema: PageQueryDto }) page: PageQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionDto[]> {
    const { sessions, total } = await this.sessions.list(userId, page);
    describePage(request, reply, page, { total, items: sessions });
    return sessions.map((session) => toSessionDto(session, sessionId));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End one of my sessions' })
  @ApiNoContentResponse({ description: 'Its tokens are dead' })
  @ApiProblems('not_found')
  async end(@CurrentUser() principal: UserPrincipal, @Param('id') id: string): Promise<void> {
    await this.auth.endSession(principal, objectId(id));
  }
}
