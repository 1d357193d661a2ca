import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { Public } from '../access/access.decorators.js';
import { KeyRing } from './key-ring.js';

/** How long verifiers may keep the key set, in seconds. A new key is published at least this long before it signs. */
export const JWKS_MAX_AGE_SECONDS = 300;

const JwksDto = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

@ApiTags('discovery')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly keyRing: KeyRing) {}

  @Public()
  @Get('jwks.json')
  @Header('cache-control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`)
  @ApiOperation({
    summary: 'Public keys of the access tokens',
    description:
      'RFC 7517 key set. Empty while the service signs with a shared secret (HS256, HS384, HS512).',
  })
  @ApiOkResponse({ standardSchema: JwksDto, description: 'The key set' })
  keys(): { keys: JsonWebKey[] } {
    return this.keyRing.published();
  }
}
