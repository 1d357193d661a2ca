import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { SigningKeysService } from './signing-keys.service.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { Clock } from '../platform/kernel/clock.js';
import { text } from '../platform/kernel/validation.js';
import { keyState } from './key-rotation.policy.js';
import type { KeyRow } from './key-row.js';

const KeyDto = z
  .object({
    kid: z.string(),
    algorithm: z.string().meta({ examples: ['ES256'] }),
    state: z.enum(['next', 'active', 'retiring', 'gone']),
    source: z.enum(['ring', 'secret', 'pinned']).meta({ description: 'ring keys rotate by themselves' }),
    created_at: z.iso.datetime(),
    active_from: z.iso.datetime(),
    active_until: z.iso.datetime().nullable(),
    verify_until: z.iso.datetime().nullable(),
    compromised_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Key' });

const RotateKeysDto = z
  .strictObject({
    compromised: text({ max: 100 }).optional().meta({ description: 'The `kid` of a key to drop at once' }),
  })
  .meta({ id: 'RotateKeys', examples: [{}] });

@ApiTags('administration')
@Controller('keys')
export class KeysController {
  constructor(
    private readonly keys: SigningKeysService,
    private readonly clock: Clock,
  ) {}

  @RequireScopes('keys:read')
  @Get()
  @ApiOperation({ summary: 'Signing keys', description: 'Oldest first; never the keys themselves.' })
  @ApiOkResponse({ standardSchema: z.array(KeyDto), description: 'Every key that is not gone' })
  async list(): Promise<z.output<typeof KeyDto>[]> {
    return (await this.keys.list()).map((row) => this.toDto(row));
  }

  @RequireScopes('keys:write')
  @Post('rotate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Rotate the signing key',
    description:
      'Plans a successor, published before it signs. With `compromised` that key is dropped at once.',
  })
  @ApiOkResponse({ standardSchema: KeyDto, description: 'The key that signs next' })
  @ApiProblems('not_found', 'key_not_rotatable')
  async rotate(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: RotateKeysDto }) { compromised }: z.output<typeof RotateKeysDto>,
  ): Promise<z.output<typeof KeyDto>> {
    const row = await (compromised === undefined
      ? this.keys.rotate(principal)
      : this.keys.compromise(compromised, principal));
    return this.toDto(row);
  }

  private toDto(row: KeyRow): z.output<typeof KeyDto> {
    const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
    return {
      kid: row.kid,
      algorithm: row.algorithm,
      state: keyState(row, this.clock.now()),
      source: row.source,
      created_at: new Date(row.createdAt).toISOString(),
      active_from: new Date(row.activeFrom).toISOString(),
      active_until: time(row.activeUntil),
      verify_until: time(row.verifyUntil),
      compromised_at: time(row.compromisedAt),
    };
  }
}
