import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { Public } from '../access/access.decorators.js';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { KeyRing } from './key-ring.js';

const JwksDto = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

@ApiTags('discovery')
@Controller('.well-known')
export class JwksController {
  constructor(
    private readonly keyRing: KeyRing,
    @Inject(KEY_CONFIG) private readonly config: KeyConfig,
  ) {}

  @Public()
  @Get('jwks.json')
  @ApiOperation({
    summary: 'Public keys that verify access tokens',
    description:
      'RFC 7517 key set. Empty while the service signs with a shared secret (HS256, HS384, HS512).',
  })
  @ApiOkResponse({ standardSchema: JwksDto, description: 'The key set' })
  keys(@Res({ passthrough: true }) reply: FastifyReply): { keys: JsonWebKey[] } {
    void reply.header('cache-control', `public, max-age=${this.config.jwksMaxAgeSeconds}`);
    return this.keyRing.published();
  }
}
