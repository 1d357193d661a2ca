import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import {
  knownResourceId,
  PutResourceDto,
  ResourceDto,
  resourceId,
  toResourceDto,
} from './dto/resource.dto.js';
import { ResourcesService } from './resources.service.js';

const ID = {
  name: 'id',
  schema: { type: 'string', pattern: '^[a-z0-9._-]{1,64}$' },
  example: 'tasks',
} as const;

@ApiTags('administration')
@Controller('resources')
export class ResourcesController {
  constructor(private readonly resources: ResourcesService) {}

  @RequireScopes('clients:read')
  @Get()
  @ApiOperation({
    summary: 'List the registered resources',
    description: 'The audiences of applications besides those of the setting `JWT_AUDIENCE`.',
  })
  @ApiOkResponse({ standardSchema: z.array(ResourceDto), description: 'By id' })
  async list(): Promise<ResourceDto[]> {
    return (await this.resources.list()).map(toResourceDto);
  }

  @RequireScopes('clients:write')
  @Put(':id')
  @ApiParam(ID)
  @ApiOperation({
    summary: 'Register or replace a resource',
    description:
      'Logins and token requests can then name its identifier as `resource`, and get tokens for it alone. Tokens that ' +
      'were issued before keep their scopes until they expire.',
  })
  @ApiOkResponse({ standardSchema: ResourceDto, description: 'The resource as it is now' })
  @ApiProblems('malformed_request', 'validation_failed')
  async put(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body({ schema: PutResourceDto }) input: PutResourceDto,
  ): Promise<ResourceDto> {
    return toResourceDto(await this.resources.put(principal, resourceId(id), input));
  }

  @RequireScopes('clients:write')
  @Delete(':id')
  @HttpCode(204)
  @ApiParam(ID)
  @ApiOperation({
    summary: 'Remove a resource',
    description:
      'This service refuses its tokens from then on, and its sessions get no new ones. An API that verifies tokens ' +
      'itself accepts them until they expire.',
  })
  @ApiNoContentResponse({ description: 'The resource is removed' })
  @ApiProblems('not_found')
  async delete(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.resources.delete(principal, knownResourceId(id));
  }
}
