import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { ManualRevocationService } from '../auth/manual-revocation.service.js';
import { ApiProblems } from '../docs/api-problems.js';
import { FeedQueryDto, RevocationDto, RevokeDto, toRevocationDto } from './dto/revocation.dto.js';
import { describeFeed, unlessKnown } from './feed-headers.js';

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

  @RequireScopes('revocations:read')
  @Get()
  @ApiOperation({
    summary: 'Revocations in force',
    description:
      'For services that check tokens themselves. Ask again with `after` set to the `seq` of the last row you have ' +
      'read: nothing is missed, whatever the order of numbers. A row may come twice, which changes nothing. Where ' +
      'the row of `after` has expired, the page starts with the oldest. Answers with an `ETag`, for `If-None-Match`.',
  })
  @ApiOkResponse({
    standardSchema: z.array(RevocationDto),
    description: 'In the order in which they came into force',
    headers: {
      'X-Total-Count': { description: 'How many there are in all', schema: { type: 'integer' } },
      Link: { description: 'RFC 8288: `first` and `next` page', schema: { type: 'string' } },
    },
  })
  @ApiResponse({ status: 304, description: 'The page has the `ETag` of `If-None-Match`' })
  @ApiProblems('validation_failed')
  async list(
    @Query({ schema: FeedQueryDto }) page: FeedQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RevocationDto[] | undefined> {
    const { rows, total } = await this.revocations.feed(page);
    describeFeed(request, reply, { limit: page.limit, total, rows });
    return unlessKnown(request, reply, rows.map(toRevocationDto));
  }
}
