// Owns: the chain of seals over the audit log, and the keys that sign the log. May import: platform.
// Never: reads an event, or seals on top of rows that it cannot check.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { AuditKeys } from './audit-keys.js';
import { Handovers } from './handovers.js';
import { LateHandovers } from './late-handover.service.js';
import { SealChain } from './seal-chain.js';
import { SealReader } from './seal-reader.js';
import { SealRow } from './seal.entity.js';
import { SealsRepository } from './seals.repository.js';

@Module({
  imports: [TypeOrmModule.forFeature([SealRow])],
  providers: [
    { provide: AuditKeys, useFactory: (config: KeyConfig) => AuditKeys.of(config), inject: [KEY_CONFIG] },
    Handovers,
    LateHandovers,
    SealChain,
    SealReader,
    SealsRepository,
  ],
  exports: [AuditKeys, Handovers, LateHandovers, SealChain, SealReader],
})
export class SealsModule {}
