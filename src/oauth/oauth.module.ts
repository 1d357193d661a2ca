// Owns: the standard OAuth 2.0 endpoints. May import: auth and every room below it. Never: holds a rule of its own
// about sessions or tokens.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ClientCredentialsGrant } from './grants/client-credentials.grant.js';
import { GRANTS, type Grant } from './grants/grant.js';
import { PasswordGrant } from './grants/password.grant.js';
import { RefreshTokenGrant } from './grants/refresh-token.grant.js';
import { IntrospectionService } from './introspection.service.js';
import { MetadataController } from './metadata.controller.js';
import { TokenEndpointService } from './token-endpoint.service.js';
import { TokenController } from './token.controller.js';
import { TokenRevocationService } from './token-revocation.service.js';
import { TokensController } from './tokens.controller.js';

/** The table of grants: one line and one file each. */
const GRANT_CLASSES = [PasswordGrant, RefreshTokenGrant, ClientCredentialsGrant];

@Module({
  imports: [AuditModule, AuthModule, ClientsModule, LimitsModule, RevocationModule, SessionsModule],
  controllers: [TokenController, TokensController, MetadataController],
  providers: [
    ...GRANT_CLASSES,
    { provide: GRANTS, useFactory: (...grants: Grant[]) => grants, inject: GRANT_CLASSES },
    IntrospectionService,
    TokenEndpointService,
    TokenRevocationService,
  ],
})
export class OAuthModule {}
