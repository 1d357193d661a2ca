import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { RevocationDto, toRevocationDto } from '../feed/dto/revocation.dto.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { RevokeDto } from './dto/revoke.dto.js';
import { ManualRevocationService } from './manual-revocation.service.js';

const DEFAULT_REASON = 'revoked by an administrator';

@ApiTags('administration')
@Controller('revocations')
export class RevocationsController {
  constructor(private readonly revocations: ManualRevocationService) {}

  @RequireScopes('revocations:write')
  @Post()
  @ApiOperation({
    summary: 'Revoke tokens',
    description:
      'Of one session, user, client or signing key, or all there are; sessions end with them, so that a refresh ' +
      'brings nothing back. Not of a user who holds a scope of this service that you do not hold.',
  })
  @ApiCreatedResponse({ standardSchema: RevocationDto, description: 'In force within a second' })
  @ApiProblems('malformed_request', 'validation_failed')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: RevokeDto }) { reason = DEFAULT_REASON, ...what }: RevokeDto,
  ): Promise<RevocationDto> {
    return toRevocationDto(await this.revocations.revoke(principal, { ...what, reason }));
  }
}
