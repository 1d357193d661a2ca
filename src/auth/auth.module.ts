// Owns: logging in, tokens, guards, and what a change of an account means for its sessions.
// May import: every room below it (users, sessions, clients, revocation, keys, passwords, database, docs, access, kernel, config).
// Never: is imported by one of those.
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AuditModule } from '../audit/audit.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { KeysModule } from '../keys/keys.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessChanges } from './access-changes.service.js';
import { AccountController } from './account.controller.js';
import { AccountService } from './account.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { AuthorityService } from './authority.service.js';
import { ClientGrants } from './client-grants.service.js';
import { ClientsAdminService } from './clients-admin.service.js';
import { CredentialsService } from './credentials.service.js';
import { FirstAdministrator } from './first-administrator.js';
import { JwtAuthGuard } from './guards/jwt-auth.guard.js';
import { ScopesGuard } from './guards/scopes.guard.js';
import { UsersOnlyGuard } from './guards/users-only.guard.js';
import { ForwardAuth } from './forward-auth.js';
import { Housekeeping } from './housekeeping.js';
import { IncidentService } from './incident.service.js';
import { IntrospectionService } from './introspection.service.js';
import { KnownDevices } from './known-device.js';
import { ManualRevocationService } from './manual-revocation.service.js';
import { RolesService } from './roles.service.js';
import { SessionSweep } from './session-sweep.service.js';
import { SessionsController } from './sessions.controller.js';
import { SigningKeysService } from './signing-keys.service.js';
import { JwtStrategy } from './strategies/jwt.strategy.js';
import { LocalStrategy } from './strategies/local.strategy.js';
import { TokenLife } from './token-life.js';
import { TokenRevocationService } from './token-revocation.service.js';
import { TokenService } from './token.service.js';
import { UsersAdminService } from './users-admin.service.js';
import { UsersExportService } from './users-export.service.js';
import { UsersImportService } from './users-import.service.js';

@Module({
  imports: [
    AuditModule,
    ClientsModule,
    PassportModule,
    JwtModule.register({}),
    KeysModule,
    LimitsModule,
    PasswordsModule,
    RevocationModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [AuthController, SessionsController, AccountController],
  providers: [
    AuthService,
    AccessChanges,
    AccountService,
    AuthorityService,
    ClientGrants,
    ClientsAdminService,
    CredentialsService,
    FirstAdministrator,
    ForwardAuth,
    Housekeeping,
    IncidentService,
    IntrospectionService,
    KnownDevices,
    ManualRevocationService,
    RolesService,
    SessionSweep,
    SigningKeysService,
    TokenLife,
    TokenRevocationService,
    TokenService,
    UsersAdminService,
    UsersExportService,
    UsersImportService,
    JwtStrategy,
    LocalStrategy,
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    { provide: APP_GUARD, useClass: UsersOnlyGuard },
    { provide: APP_GUARD, useClass: ScopesGuard },
  ],
  exports: [
    AuthService,
    AccountService,
    ClientGrants,
    ClientsAdminService,
    CredentialsService,
    FirstAdministrator,
    ForwardAuth,
    IncidentService,
    IntrospectionService,
    KnownDevices,
    LimitsModule,
    ManualRevocationService,
    RolesService,
    SigningKeysService,
    TokenLife,
    TokenRevocationService,
    TokenService,
    UsersAdminService,
    UsersExportService,
    UsersImportService,
  ],
})
export class AuthModule {}
