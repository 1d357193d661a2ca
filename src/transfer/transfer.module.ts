// Owns: import and export of users with their password hashes, and the files of other systems. May import: sessions,
// users, limits, passwords, audit, revocation, access, platform. Never: serves a request.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountTakeOver } from './account-take-over.service.js';
import { ImportProof } from './import-proof.service.js';
import { UserTransferRepository } from './user-transfer.repository.js';
import { UsersExportService } from './users-export.service.js';
import { UsersImportService } from './users-import.service.js';

@Module({
  imports: [AuditModule, LimitsModule, PasswordsModule, RevocationModule, SessionsModule, UsersModule],
  providers: [AccountTakeOver, ImportProof, UserTransferRepository, UsersExportService, UsersImportService],
  exports: [ImportProof, UsersExportService, UsersImportService],
})
export class TransferModule {}
