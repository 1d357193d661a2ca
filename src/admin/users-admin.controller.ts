import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { RequireScopes } from '../access/access.decorators.js';
import { ApiProblems } from '../docs/api-problems.js';
import { AppError } from '../kernel/app-error.js';
import { describePage, PageQueryDto } from '../kernel/paging.js';
import { toUserDto, UserDto } from '../users/dto/user.dto.js';
import { UsersService } from '../users/users.service.js';

@ApiTags('administration')
@Controller('users')
export class UsersAdminController {
  constructor(private readonly users: UsersService) {}

  @RequireScopes('users:read')
  @Get()
  @ApiOperation({ summary: 'All users', description: 'In the order of creation.' })
  @ApiOkResponse({
    standardSchema: z.array(UserDto),
    description: 'One page',
    headers: {
      'X-Total-Count': { description: 'How many users there are', schema: { type: 'integer' } },
      Link: { description: 'RFC 8288: first, prev, next', schema: { type: 'string' } },
    },
  })
  @ApiProblems('validation_failed')
  async list(
    @Query({ schema: PageQueryDto }) page: PageQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserDto[]> {
    const { users, total } = await this.users.list(page);
    describePage(request, reply, page, total);
    return users.map(toUserDto);
  }

  @RequireScopes('users:read')
  @Get(':id')
  @ApiOperation({ summary: 'One user' })
  @ApiOkResponse({ standardSchema: UserDto, description: 'The user' })
  @ApiProblems('not_found')
  async get(@Param('id') id: string): Promise<UserDto> {
    if (!isUuid(id)) throw new AppError('not_found');
    return toUserDto(await this.users.get(id));
  }
}
