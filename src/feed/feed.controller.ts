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
      'For services that check tokens themselves. Set `after` to the `seq` of the last row you have read: the next ' +
      'page misses no row, whatever the order of the numbers. A row may come twice, which does no harm. Where the ' +
      'row of `after` has expired, the page starts with the oldest row. The response has an `ETag`.',
  })
  @ApiOkResponse({
    standardSchema: z.array(RevocationDto),
    description: 'Rows in the order in which they took effect',
    headers: {
      'X-Total-Count': { description: 'The number of all rows', schema: { type: 'integer' } },
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
