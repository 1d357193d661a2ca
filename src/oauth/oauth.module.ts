// Owns: the standard OAuth 2.0 endpoints and the table of grants. May import: auth and every room below it. Never:
// decides about sessions or token claims itself.
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { GRANTS, type Grant } from './grants/grant.js';
import { GRANT_CLASSES } from './grants/grants.js';
import { IntrospectionService } from './introspection.service.js';
import { MetadataController } from './metadata.controller.js';
import { TokenEndpointService } from './token-endpoint.service.js';
import { TokenController } from './token.controller.js';
import { TokenRevocationService } from './token-revocation.service.js';
import { TokensController } from './tokens.controller.js';

@Module({
  imports: [AuditModule, AuthModule, ClientsModule, LimitsModule, RevocationModule, SessionsModule],
  controllers: [TokenController, TokensController, MetadataController],
  providers: [
    ...GRANT_CLASSES,
    { provide: GRANTS, useFactory: (...grants: Grant[]) => grants, inject: [...GRANT_CLASSES] },
    IntrospectionService,
    TokenEndpointService,
    TokenRevocationService,
  ],
})
export class OAuthModule {}
