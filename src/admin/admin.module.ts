// Owns: the administrators' endpoints. May import: auth and every room below it. Never: decides more than who may ask.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { HealthModule } from '../health/health.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuditController } from './audit.controller.js';
import { ClientsController } from './clients.controller.js';
import { KeysController } from './keys.controller.js';
import { RevocationStreamController } from './revocation-stream.controller.js';
import { RevocationStreams } from './revocation-streams.js';
import { RevocationsController } from './revocations.controller.js';
import { RolesController } from './roles.controller.js';
import { UserSessionsController } from './user-sessions.controller.js';
import { UsersAdminController } from './users-admin.controller.js';

@Module({
  imports: [
    AuditModule,
    AuthModule,
    ClientsModule,
    HealthModule,
    RevocationModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [
    UsersAdminController,
    UserSessionsController,
    RolesController,
    ClientsController,
    RevocationsController,
    RevocationStreamController,
    KeysController,
    AuditController,
  ],
  providers: [RevocationStreams],
})
export class AdminModule {}
