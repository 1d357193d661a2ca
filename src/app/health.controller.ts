import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../access/access.decorators.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { DatabaseWrites } from '../platform/database/database-writes.js';
import { AppError } from '../platform/kernel/app-error.js';
import { SigningKeyRows } from '../keys/signing-key-rows.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { SealChain } from '../seals/seal-chain.js';
import { Lifecycle } from '../platform/http/lifecycle.js';

const WARNINGS = ['signing_keys_rejected', 'audit_log_not_sealed'] as const;

const HealthDto = z.object({
  status: z.literal('ok'),
  warnings: z.array(z.enum(WARNINGS)).optional().meta({
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
    private readonly chain: SealChain,
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
    const isOn = {
      signing_keys_rejected: this.keys.rejected.length > 0,
      audit_log_not_sealed: this.chain.alarm !== null,
    };
    const warnings = WARNINGS.filter((warning) => isOn[warning]);
    return { status: 'ok', ...(warnings.length > 0 && { warnings }) };
  }
}

function notReady(cause: string): AppError {
  return new AppError('unavailable', { diagnosis: { cause } });
}
