import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { SessionDto, toSessionDto } from '../sessions/dto/session.dto.js';
import { UserSecurityService } from './user-security.service.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { describePage, PageQueryDto } from '../platform/http/paging.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';
import { objectId } from '../platform/http/object-id.js';

@ApiTags('administration')
@Controller('users/:id/sessions')
export class UserSessionsController {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly security: UserSecurityService,
  ) {}

  @RequireScopes('sessions:read')
  @Get()
  @ApiOperation({ summary: 'Live sessions of a user' })
  @ApiOkResponse({ standardSchema: z.array(SessionDto), description: 'Oldest first' })
  @ApiProblems('validation_failed', 'not_found')
  async list(
    @CurrentPrincipal() { sid }: Principal,
    @Param('id') id: string,
    @Query({ schema: PageQueryDto }) page: PageQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionDto[]> {
    const user = await this.users.get(objectId(id));
    const { sessions, total } = await this.sessions.list(user.id, page);
    describePage(request, reply, page, { total, items: sessions });
    return sessions.map((session) => toSessionDto(session, sid));
  }

  @RequireScopes('sessions:write')
  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'End every session of a user',
    description: 'Requires every scope of this service that the user holds.',
  })
  @ApiNoContentResponse({ description: 'All their tokens are dead' })
  @ApiProblems('not_found')
  async endAll(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.security.endSessions(principal, objectId(id));
  }

  @RequireScopes('sessions:write')
  @Delete(':sid')
  @HttpCode(204)
  @ApiOperation({
    summary: 'End one session of a user',
    description: 'Requires every scope of this service that the user holds.',
  })
  @ApiNoContentResponse({ description: 'Its tokens are dead' })
  @ApiProblems('not_found')
  async end(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Param('sid') sid: string,
  ): Promise<void> {
    await this.security.endSession(principal, objectId(id), objectId(sid));
  }
}
