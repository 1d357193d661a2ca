import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../access/access.decorators.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { DatabaseWrites } from '../platform/database/database-writes.js';
import { AppError } from '../platform/kernel/app-error.js';
import { SigningKeyRows } from '../keys/signing-key-rows.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { Lifecycle } from '../platform/http/lifecycle.js';

const HealthDto = z.object({
  status: z.literal('ok'),
  warnings: z
    .array(z.enum(['signing_keys_rejected']))
    .optional()
    .meta({
      description: 'Faults beside which this instance goes on taking requests; absent where there is none',
    }),
});

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly writes: DatabaseWrites,
    private readonly feed: RevocationFeed,
    private readonly lifecycle: Lifecycle,
    private readonly keys: SigningKeyRows,
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
    // An intruder in the database must not be able to take the service down by a row.
    return {
      status: 'ok',
      ...(this.keys.rejected.length > 0 && { warnings: ['signing_keys_rejected' as const] }),
    };
  }
}

function notReady(cause: string): AppError {
  return new AppError('unavailable', { diagnosis: { cause } });
}
