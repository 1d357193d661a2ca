// Owns: queues, batches, concurrency limits, caches and housekeeping. May import: platform/kernel. Never: knows a table.
import { Global, Module } from '@nestjs/common';
import { Housekeeping } from './housekeeping.js';

@Global()
@Module({ providers: [Housekeeping], exports: [Housekeeping] })
export class PacingModule {}
