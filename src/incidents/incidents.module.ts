// Owns: revocations by hand, sweeps of many sessions, incidents.
// May import: feed, sessions, clients, keys, users, audit, revocation, access, platform. Never: issues a token.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { KeysModule } from '../keys/keys.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { IncidentService } from './incident.service.js';
import { ManualRevocationService } from './manual-revocation.service.js';
import { RevocationTargetService } from './revocation-target.service.js';
import { RevocationsController } from './revocations.controller.js';

@Module({
  imports: [AuditModule, ClientsModule, KeysModule, RevocationModule, SessionsModule, UsersModule],
  controllers: [RevocationsController],
  providers: [IncidentService, ManualRevocationService, RevocationTargetService],
  exports: [IncidentService, ManualRevocationService],
})
export class IncidentsModule {}
