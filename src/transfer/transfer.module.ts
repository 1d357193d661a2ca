// Owns: users in and out, with the password hashes of other systems. May import: users, passwords, audit, access, platform.
// Never: serves a request.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { UsersModule } from '../users/users.module.js';
import { MovedUsersRepository } from './moved-users.repository.js';
import { UsersExportService } from './users-export.service.js';
import { UsersImportService } from './users-import.service.js';

@Module({
  imports: [AuditModule, PasswordsModule, UsersModule],
  providers: [MovedUsersRepository, UsersExportService, UsersImportService],
  exports: [UsersExportService, UsersImportService],
})
export class TransferModule {}
