import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { RolesService } from './roles.service.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { knownRoleName, PutRoleDto, RoleDto, roleName } from './dto/role.dto.js';

@ApiTags('administration')
@Controller('roles')
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  @RequireScopes('roles:read')
  @Get()
  @ApiOperation({ summary: 'All roles' })
  @ApiOkResponse({ standardSchema: z.array(RoleDto), description: 'Ordered by name' })
  async list(): Promise<RoleDto[]> {
    return this.roles.list();
  }

  @RequireScopes('roles:write')
  @Put(':name')
  @ApiOperation({
    summary: 'Create or change a role',
    description:
      'Access tokens of its holders become stale; a refresh returns the new scopes. Requires every scope of this ' +
      'service that the role has or gets.',
  })
  @ApiOkResponse({ standardSchema: RoleDto, description: 'The role as it is now' })
  @ApiProblems('malformed_request', 'validation_failed', 'role_protected', 'scopes_too_large')
  async put(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body({ schema: PutRoleDto }) { scopes }: PutRoleDto,
  ): Promise<RoleDto> {
    return this.roles.put(principal, roleName(name), scopes);
  }

  @RequireScopes('roles:write')
  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a role without holders' })
  @ApiNoContentResponse({ description: 'The role is gone' })
  @ApiProblems('not_found', 'role_in_use', 'role_protected')
  async delete(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<void> {
    await this.roles.delete(principal, knownRoleName(name));
  }
}
