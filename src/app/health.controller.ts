import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../access/access.decorators.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { DatabaseWrites } from '../platform/database/database-writes.js';
import { AppError } from '../platform/kernel/app-error.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { Lifecycle } from '../platform/http/lifecycle.js';

const HealthDto = z.object({ status: z.literal('ok') });

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly writes: DatabaseWrites,
    private readonly feed: RevocationFeed,
    private readonly lifecycle: Lifecycle,
  ) {}

  @Public()
  @Get('live')
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiOkResponse({ standardSchema: HealthDto, description: 'The process answers' })
  live(): z.output<typeof HealthDto> {
    return { status: 'ok' };
  }

  /** Not ready while shutting down, without a database that takes writes, or with revocations older than 10 seconds. */
  @Public()
  @Get('ready')
  @ApiOperation({ summary: 'Whether a balancer should send requests here' })
  @ApiOkResponse({ standardSchema: HealthDto, description: 'This instance takes requests' })
  @ApiProblems('unavailable')
  async ready(): Promise<z.output<typeof HealthDto>> {
    if (this.lifecycle.draining) throw notReady('shutting down');
    if (!this.feed.isReady()) throw notReady('the revocation feed is behind');
    const fault = await this.writes.fault();
    if (fault !== undefined) throw notReady(fault);
    return { status: 'ok' };
  }
}

function notReady(cause: string): AppError {
  return new AppError('unavailable', { diagnosis: { cause } });
}
