// Owns: the audit log, its chain of seals and its months. May import: platform, access.
// Never: decides which changes are recorded, makes a request wait for the chain, or changes a recorded event.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditEventRow } from './audit-event.entity.js';
import { AuditSealRow } from './audit-seal.entity.js';
import { AuditController } from './audit.controller.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditMonthsRepository } from './audit-months.repository.js';
import { AuditSealsRepository } from './audit-seals.repository.js';
import { AuditKeys } from './audit.keys.js';
import { AuditRetention } from './audit.retention.js';
import { AuditSealer } from './audit.sealer.js';
import { AuditService } from './audit.service.js';
import { AuditVerifier } from './audit.verifier.js';

@Module({
  imports: [TypeOrmModule.forFeature([AuditEventRow, AuditSealRow])],
  controllers: [AuditController],
  providers: [
    AuditEventsRepository,
    AuditMonthsRepository,
    AuditSealsRepository,
    AuditKeys,
    AuditRetention,
    AuditSealer,
    AuditService,
    AuditVerifier,
  ],
  exports: [AuditService],
})
export class AuditModule {}
