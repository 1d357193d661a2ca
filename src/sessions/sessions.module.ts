// Owns: sessions, the rotation of refresh tokens and the end of both. May import: users, audit, revocation, access, platform.
// Never: signs or reads a token, or knows a password.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { UsersModule } from '../users/users.module.js';
import { Session } from './session.entity.js';
import { SessionSweep } from './session-sweep.service.js';
import { SessionTermination } from './session-termination.service.js';
import { SessionsHousekeeping } from './sessions.housekeeping.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { SweptSessionsRepository } from './swept-sessions.repository.js';

@Module({
  imports: [TypeOrmModule.forFeature([Session]), AuditModule, RevocationModule, UsersModule],
  providers: [
    SessionSweep,
    SessionTermination,
    SessionsHousekeeping,
    SessionsRepository,
    SessionsService,
    SweptSessionsRepository,
  ],
  exports: [SessionSweep, SessionTermination, SessionsService],
})
export class SessionsModule {}
