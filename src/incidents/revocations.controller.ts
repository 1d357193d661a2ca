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
      'Revokes all tokens, or those of one session, user, client or signing key, and ends their sessions, so that a ' +
      'refresh gives no new ones. A user with a scope of this service that you lack is refused.',
  })
  @ApiCreatedResponse({
    standardSchema: RevocationDto,
    description: 'The revocation takes effect within a second',
  })
  @ApiProblems('malformed_request', 'validation_failed')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: RevokeDto }) { reason = DEFAULT_REASON, ...target }: RevokeDto,
  ): Promise<RevocationDto> {
    return toRevocationDto(await this.revocations.revoke(principal, { ...target, reason }));
  }
}
