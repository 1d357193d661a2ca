import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { UserSecurityService } from './user-security.service.js';
import { UsersAdminService } from './users-admin.service.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { describePage } from '../platform/http/paging.js';
import { toUserDto, UserDto } from '../users/dto/user.dto.js';
import { UsersService } from '../users/users.service.js';
import { ChangeUserDto, CreateUserDto, UsersQueryDto } from './dto/user-admin.dto.js';
import { objectId } from '../platform/http/object-id.js';

@ApiTags('administration')
@Controller('users')
export class UsersAdminController {
  constructor(
    private readonly users: UsersService,
    private readonly admin: UsersAdminService,
    private readonly security: UserSecurityService,
  ) {}

  @RequireScopes('users:read')
  @Get()
  @ApiOperation({
    summary: 'All users',
    description: 'Ordered by creation; a search by address is ordered by address.',
  })
  @ApiOkResponse({
    standardSchema: z.array(UserDto),
    description: 'One page',
    headers: {
      'X-Total-Count': {
        description: 'The number of all users; from 100,000 on, up to ten minutes old',
        schema: { type: 'integer' },
      },
      Link: { description: 'RFC 8288: first, prev, next', schema: { type: 'string' } },
    },
  })
  @ApiProblems('validation_failed')
  async list(
    @Query({ schema: UsersQueryDto }) { email_prefix: emailPrefix, ...page }: UsersQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserDto[]> {
    const { users, total } = await this.users.list({ ...page, emailPrefix });
    describePage(request, reply, page, { total, items: users, filter: { email_prefix: emailPrefix } });
    return users.map(toUserDto);
  }

  @RequireScopes('users:read')
  @Get(':id')
  @ApiOperation({ summary: 'One user' })
  @ApiOkResponse({ standardSchema: UserDto, description: 'The user' })
  @ApiProblems('not_found')
  async get(@Param('id') id: string): Promise<UserDto> {
    return toUserDto(await this.users.get(objectId(id)));
  }

  @RequireScopes('users:write')
  @Post()
  @ApiOperation({
    summary: 'Create a user',
    description: 'With the role `user`, or with `roles`, whose scopes you must hold yourself.',
  })
  @ApiCreatedResponse({ standardSchema: UserDto, description: 'The new user; `Location` names it' })
  @ApiProblems(
    'malformed_request',
    'validation_failed',
    'scopes_too_large',
    'email_taken',
    'username_taken',
    'overloaded',
  )
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: CreateUserDto }) { full_name: fullName, roles = ['user'], ...input }: CreateUserDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserDto> {
    const user = await this.admin.create(principal, { ...input, fullName, roles });
    void reply.header('location', `/users/${user.id}`);
    return toUserDto(user);
  }

  @RequireScopes('users:write')
  @Patch(':id')
  @ApiOperation({
    summary: 'Change a user',
    description:
      'New roles make access tokens stale; a refresh returns the new scopes. Disabling ends the sessions and revokes ' +
      'the tokens. Requires the scopes of the added roles and every scope that the user holds; `roles:write` stands for ' +
      'those of applications.',
  })
  @ApiOkResponse({ standardSchema: UserDto, description: 'The user as it is now' })
  @ApiProblems(
    'malformed_request',
    'validation_failed',
    'not_found',
    'scopes_too_large',
    'email_taken',
    'username_taken',
    'last_administrator',
  )
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body({ schema: ChangeUserDto }) { full_name: fullName, roles, status, ...names }: ChangeUserDto,
  ): Promise<UserDto> {
    const change = { profile: { ...names, fullName }, roles, status };
    return toUserDto(await this.admin.change(principal, objectId(id), change));
  }

  @RequireScopes('users:write')
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a user',
    description: 'Sessions and tokens end with the account. Requires every scope that the user holds.',
  })
  @ApiNoContentResponse({ description: 'The user is gone' })
  @ApiProblems('not_found', 'last_administrator')
  async delete(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.admin.delete(principal, objectId(id));
  }

  @RequireScopes('users:write')
  @Delete(':id/failed-logins')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Forget a user’s failed logins',
    description: 'Wrong passwords delay the next login; after this call the owner can log in at once.',
  })
  @ApiNoContentResponse({ description: 'The next login is not delayed' })
  @ApiProblems('not_found')
  async forgetFailures(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.security.forgetFailures(principal, objectId(id));
  }
}
