// Owns: import and export of users with their password hashes. May import: users, passwords, audit, access, platform.
// Never: serves a request.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { UsersModule } from '../users/users.module.js';
import { UserTransferRepository } from './user-transfer.repository.js';
import { UsersExportService } from './users-export.service.js';
import { UsersImportService } from './users-import.service.js';

@Module({
  imports: [AuditModule, PasswordsModule, UsersModule],
  providers: [UserTransferRepository, UsersExportService, UsersImportService],
  exports: [UsersExportService, UsersImportService],
})
export class TransferModule {}
