// Owns: people, their profiles and their roles. May import: passwords, audit, revocation, access, platform.
// Never: ends a session; the room accounts decides which changes of an account do.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { Role, UserRole } from './role.entity.js';
import { RolesController } from './roles.controller.js';
import { RolesRepository } from './roles.repository.js';
import { RolesService } from './roles.service.js';
import { User } from './user.entity.js';
import { UserAccessService } from './user-access.service.js';
import { UserCredentialsService } from './user-credentials.service.js';
import { UsernameSkeletons } from './username-skeletons.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User, Role, UserRole]), AuditModule, PasswordsModule, RevocationModule],
  controllers: [RolesController, UsersController],
  providers: [
    RolesRepository,
    RolesService,
    UserAccessService,
    UserCredentialsService,
    UsernameSkeletons,
    UsersRepository,
    UsersService,
  ],
  exports: [RolesService, UserAccessService, UserCredentialsService, UsersService],
})
export class UsersModule {}
