// Owns: clients, their secrets and their endpoints. May import: users (the scopes field), audit, revocation, access,
// platform. Never: issues a token.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { Client, ClientSecret } from './client.entity.js';
import { ClientsAdminService } from './clients-admin.service.js';
import { ClientsController } from './clients.controller.js';
import { ClientsRepository } from './clients.repository.js';
import { ClientsService } from './clients.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Client, ClientSecret]), AuditModule, RevocationModule],
  controllers: [ClientsController],
  providers: [ClientsAdminService, ClientsRepository, ClientsService],
  exports: [ClientsService],
})
export class ClientsModule {}
