// Owns: clients, their secrets, the resources that tokens are for, and their endpoints. May import: users, audit, revocation, access,
// platform. Never: issues a token.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { UsersModule } from '../users/users.module.js';
import { Client, ClientSecret } from './client.entity.js';
import { ClientsAdminService } from './clients-admin.service.js';
import { ClientsController } from './clients.controller.js';
import { ClientsRepository } from './clients.repository.js';
import { ClientsService } from './clients.service.js';
import { Resource } from './resource.entity.js';
import { ResourceSync } from './resource-sync.js';
import { ResourcesController } from './resources.controller.js';
import { ResourcesRepository } from './resources.repository.js';
import { ResourcesService } from './resources.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Client, ClientSecret, Resource]),
    AuditModule,
    RevocationModule,
    UsersModule,
  ],
  controllers: [ClientsController, ResourcesController],
  providers: [
    ClientsAdminService,
    ClientsRepository,
    ClientsService,
    ResourcesRepository,
    ResourcesService,
    ResourceSync,
  ],
  exports: [ClientsService],
})
export class ClientsModule {}
