// Owns: the audit log, its months and its verification. May import: platform, access, seals.
// Never: decides which changes are recorded, makes a request wait for the chain, or changes a recorded event.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SealsModule } from '../seals/seals.module.js';
import { AuditBatches } from './audit-batches.js';
import { AuditEventRow } from './audit-event.entity.js';
import { AuditController } from './audit.controller.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditMonthsRepository } from './audit-months.repository.js';
import { AuditRetention } from './audit.retention.js';
import { AuditSealer } from './audit.sealer.js';
import { AuditService } from './audit.service.js';
import { AuditVerifier } from './audit.verifier.js';

@Module({
  imports: [TypeOrmModule.forFeature([AuditEventRow]), SealsModule],
  controllers: [AuditController],
  providers: [
    AuditBatches,
    AuditEventsRepository,
    AuditMonthsRepository,
    AuditRetention,
    AuditSealer,
    AuditService,
    AuditVerifier,
  ],
  exports: [AuditService, AuditSealer],
})
export class AuditModule {}
