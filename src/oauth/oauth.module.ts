// Owns: the standard OAuth 2.0 endpoints. May import: auth and every room below it. Never: holds a rule of its own
// about sessions or tokens.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ClientGrants } from './client-grants.service.js';
import { IntrospectionService } from './introspection.service.js';
import { MetadataController } from './metadata.controller.js';
import { TokenController } from './token.controller.js';
import { TokenRevocationService } from './token-revocation.service.js';
import { TokensController } from './tokens.controller.js';

@Module({
  imports: [AuditModule, AuthModule, ClientsModule, LimitsModule, RevocationModule, SessionsModule],
  controllers: [TokenController, TokensController, MetadataController],
  providers: [ClientGrants, IntrospectionService, TokenRevocationService],
})
export class OAuthModule {}
