import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
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
import { ApiProblems } from '../platform/docs/api-problems.js';
import { objectId } from '../platform/http/object-id.js';
import { describePage, PageQueryDto } from '../platform/http/paging.js';
import { ClientsAdminService } from './clients-admin.service.js';
import { ClientsService } from './clients.service.js';
import {
  ClientDto,
  ClientSecretDto,
  CreateClientDto,
  CreatedClientDto,
  RotateSecretDto,
  toClientDto,
  toClientSecretDto,
  toCreatedClientDto,
} from './dto/client.dto.js';

@ApiTags('administration')
@Controller('clients')
export class ClientsController {
  constructor(
    private readonly clients: ClientsService,
    private readonly admin: ClientsAdminService,
  ) {}

  @RequireScopes('clients:read')
  @Get()
  @ApiOperation({ summary: 'List clients', description: 'In the order of creation, without secrets.' })
  @ApiOkResponse({ standardSchema: z.array(ClientDto), description: 'One page' })
  @ApiProblems('validation_failed')
  async list(
    @Query({ schema: PageQueryDto }) page: PageQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ClientDto[]> {
    const { clients, total } = await this.clients.list(page);
    describePage(request, reply, page, { total, items: clients });
    return clients.map(toClientDto);
  }

  @RequireScopes('clients:write')
  @Post()
  @ApiOperation({
    summary: 'Create a client',
    description:
      'A client is a service with scopes of its own, which gets tokens at `POST /oauth/token` with ' +
      '`client_credentials`. You can give only scopes that you hold.',
  })
  @ApiCreatedResponse({ standardSchema: CreatedClientDto, description: 'The client, with its secret' })
  @ApiProblems('malformed_request', 'validation_failed', 'scopes_too_large')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: CreateClientDto }) input: CreateClientDto,
  ): Promise<CreatedClientDto> {
    return toCreatedClientDto(await this.admin.create(principal, input));
  }

  @RequireScopes('clients:write')
  @Post(':id/secret')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give a client a new secret',
    description:
      'The previous secret stays valid for `overlap_seconds`, so that the client can switch to the new one; any older ' +
      'secret ends at once. You must hold every scope of the client.',
  })
  @ApiOkResponse({ standardSchema: ClientSecretDto, description: 'The new secret' })
  @ApiProblems('malformed_request', 'validation_failed', 'not_found')
  async rotateSecret(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body({ schema: RotateSecretDto }) { overlap_seconds: overlapSeconds }: RotateSecretDto,
  ): Promise<ClientSecretDto> {
    const clientId = objectId(id);
    return toClientSecretDto(clientId, await this.admin.rotateSecret(principal, clientId, overlapSeconds));
  }

  @RequireScopes('clients:write')
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Remove a client',
    description: 'Its tokens are revoked. You must hold every scope of the client.',
  })
  @ApiNoContentResponse({ description: 'The client is removed' })
  @ApiProblems('not_found')
  async delete(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.admin.delete(principal, objectId(id));
  }
}
