import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { Clock } from '../platform/kernel/clock.js';
import { KeyDto, RotateKeysDto, toKeyDto } from './dto/key.dto.js';
import { SigningKeysService } from './signing-keys.service.js';

@ApiTags('administration')
@Controller('keys')
export class KeysController {
  constructor(
    private readonly keys: SigningKeysService,
    private readonly clock: Clock,
  ) {}

  @RequireScopes('keys:read')
  @Get()
  @ApiOperation({ summary: 'List signing keys', description: 'Oldest first, without key material.' })
  @ApiOkResponse({ standardSchema: z.array(KeyDto), description: 'Every key that is not gone' })
  async list(): Promise<KeyDto[]> {
    return (await this.keys.list()).map((row) => toKeyDto(row, this.clock.now()));
  }

  @RequireScopes('keys:write')
  @Post('rotate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Rotate the signing key',
    description:
      'Plans a successor, which is published before it signs. With `compromised` that key is dropped at once.',
  })
  @ApiOkResponse({ standardSchema: KeyDto, description: 'The key that signs next' })
  @ApiProblems('not_found', 'key_not_rotatable')
  async rotate(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: RotateKeysDto }) { compromised }: RotateKeysDto,
  ): Promise<KeyDto> {
    const row = await (compromised === undefined
      ? this.keys.rotate(principal)
      : this.keys.compromise(compromised, principal));
    return toKeyDto(row, this.clock.now());
  }
}
