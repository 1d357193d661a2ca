// Owns: login, refresh, logout, the signing and checking of tokens, and the guards. May import: sessions, keys, users,
// limits, passwords, audit, revocation, access, platform. Never: is imported by one of those.
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AuditModule } from '../audit/audit.module.js';
import { KeysModule } from '../keys/keys.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { CredentialsService } from './credentials.service.js';
import { ForwardAuth } from './forward-auth.js';
import { JwtAuthGuard } from './guards/jwt-auth.guard.js';
import { PasswordChangeGuard } from './guards/password-change.guard.js';
import { ScopesGuard } from './guards/scopes.guard.js';
import { UsersOnlyGuard } from './guards/users-only.guard.js';
import { RefreshService } from './refresh.service.js';
import { SessionsController } from './sessions.controller.js';
import { JwtStrategy } from './strategies/jwt.strategy.js';
import { LocalStrategy } from './strategies/local.strategy.js';
import { TokenLife } from './token-life.js';
import { TokenPairs } from './token-pairs.js';
import { TokenService } from './token.service.js';

@Module({
  imports: [
    AuditModule,
    JwtModule.register({}),
    KeysModule,
    LimitsModule,
    PassportModule,
    PasswordsModule,
    RevocationModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [AuthController, SessionsController],
  providers: [
    AuthService,
    CredentialsService,
    ForwardAuth,
    JwtStrategy,
    LocalStrategy,
    RefreshService,
    TokenLife,
    TokenPairs,
    TokenService,
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    { provide: APP_GUARD, useClass: PasswordChangeGuard },
    { provide: APP_GUARD, useClass: UsersOnlyGuard },
    { provide: APP_GUARD, useClass: ScopesGuard },
  ],
  exports: [AuthService, CredentialsService, ForwardAuth, RefreshService, TokenLife, TokenService],
})
export class AuthModule {}
