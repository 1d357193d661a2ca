import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireScopes } from '../access/access.decorators.js';
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
      'Server-sent events. `revocation` has the data of a row of `GET /revocations`: first those in force, then each ' +
      'as it comes. `current` says that everything revoked before `at` has been told; it comes every two seconds, ' +
      'and not while the service itself cannot tell. Connect again with `Last-Event-ID`, or `after`, to have what ' +
      'came since: nothing is missed, and a row may come twice. The stream ends with its access token.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The last `id` that was read' })
  @ApiOkResponse({
    description: 'Until either side ends it',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @ApiProblems('validation_failed', 'overloaded')
  async stream(
    @Query({ schema: StreamQueryDto }) { after }: StreamQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const place = placeOf(lastEventId) ?? after;
    const isHead = request.method === 'HEAD';
    const stream = isHead ? undefined : await this.streams.open(place, this.life.of(request.raw));
    // nginx would hold the events back until it has a buffer full of them.
    void reply.headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }).send(stream);
  }
}

/** @throws AppError `validation_failed` */
function placeOf(lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  if (!/^\d{1,15}$/.test(lastEventId)) throw invalidField('last-event-id', 'invalid_format');
  return Number(lastEventId);
}
