import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequireScopes } from '../access/access.decorators.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { FeedQueryDto, RevocationDto, toRevocationDto } from './dto/revocation.dto.js';
import { describeFeed, unlessKnown } from './feed-headers.js';
import { FeedService } from './feed.service.js';

@ApiTags('administration')
@Controller('revocations')
export class FeedController {
  constructor(private readonly feed: FeedService) {}

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
    const { rows, total } = await this.feed.page(page);
    describeFeed(request, reply, { limit: page.limit, total, rows });
    return unlessKnown(request, reply, rows.map(toRevocationDto));
  }
}
