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
      'refresh gives no new ones. You need each scope of this service that the subject holds; besides, a key needs ' +
      '`keys:write`, and the client `first-party` and the kind `all` need every scope of this service.',
  })
  @ApiCreatedResponse({
    standardSchema: RevocationDto,
    description: 'The revocation takes effect within a second',
  })
  @ApiProblems('malformed_request', 'validation_failed', 'not_found')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: RevokeDto }) { reason = DEFAULT_REASON, ...target }: RevokeDto,
  ): Promise<RevocationDto> {
    return toRevocationDto(await this.revocations.revoke(principal, { ...target, reason }));
  }
}
