// Owns: the life of an account: registration, own profile, administrators' changes, the first administrator.
// May import: auth, sessions, users, limits, passwords, audit, revocation, access, platform.
// Never: writes a row of another room, or checks a password.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountController } from './account.controller.js';
import { AccountService } from './account.service.js';
import { FirstAdministrator } from './first-administrator.js';
import { OwnPasswordService } from './own-password.service.js';
import { ProfileService } from './profile.service.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationService } from './registration.service.js';
import { UserSecurityService } from './user-security.service.js';
import { UserSessionsController } from './user-sessions.controller.js';
import { UsersAdminController } from './users-admin.controller.js';
import { UsersAdminService } from './users-admin.service.js';

@Module({
  imports: [
    AuditModule,
    AuthModule,
    LimitsModule,
    PasswordsModule,
    RevocationModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [AccountController, RegistrationController, UsersAdminController, UserSessionsController],
  providers: [
    AccountService,
    FirstAdministrator,
    OwnPasswordService,
    ProfileService,
    RegistrationService,
    UsersAdminService,
    UserSecurityService,
  ],
  exports: [
    FirstAdministrator,
    OwnPasswordService,
    ProfileService,
    RegistrationService,
    UsersAdminService,
    UserSecurityService,
  ],
})
export class AccountsModule {}
