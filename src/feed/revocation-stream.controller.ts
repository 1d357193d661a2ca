import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, RequireScopes } from '../access/access.decorators.js';
import type { Principal } from '../access/principal.js';
import { TokenLife } from '../auth/token-life.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { invalidField } from '../platform/kernel/app-error.js';
import { StreamQueryDto } from './dto/revocation.dto.js';
import { RevocationStreams } from './revocation-streams.js';

const EXAMPLE = `id: 42
event: revocation
data: {"seq":42,"kind":"session","subject":"019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5f"}

id: 42
event: current
data: {"at":"2026-01-02T03:04:05.678Z"}

`;

@ApiTags('administration')
@Controller('revocations')
export class RevocationStreamController {
  constructor(
    private readonly streams: RevocationStreams,
    private readonly life: TokenLife,
  ) {}

  /** Server-sent events, WHATWG HTML section 9.2. */
  @RequireScopes('revocations:read')
  @Get('stream')
  @ApiOperation({
    summary: 'Follow revocations',
    description:
      'Server-sent events. `revocation` has the data of a row of `GET /revocations`: first the rows in force, then ' +
      'each new row. `current` says that every revocation before `at` was sent; it is sent every two seconds, ' +
      'except while the service cannot read its database. Connect again with `Last-Event-ID`, or `after`, to get ' +
      'the rows since then: no row is missed, and a row may come twice. The stream ends when its access token does.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The `id` of the last event you have read',
  })
  @ApiOkResponse({
    description: 'Events, until either side closes the connection',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @ApiProblems('validation_failed', 'overloaded', 'too_many_attempts')
  async stream(
    @Query({ schema: StreamQueryDto }) { after }: StreamQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentPrincipal() { subject }: Principal,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const cursor = cursorOf(lastEventId) ?? after;
    const isHead = request.method === 'HEAD';
    const stream = isHead ? undefined : await this.streams.open(subject, cursor, this.life.of(request.raw));
    // Without this header nginx holds events back until its buffer is full.
    void reply.headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }).send(stream);
  }
}

/** @throws AppError `validation_failed` */
function cursorOf(lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  if (!/^\d{1,15}$/.test(lastEventId)) throw invalidField('last-event-id', 'invalid_format');
  return Number(lastEventId);
}
