// Owns: the standard OAuth 2.0 endpoints. May import: auth and every room below it. Never: holds a rule of its own
// about sessions or tokens.
import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { MetadataController } from './metadata.controller.js';
import { TokenController } from './token.controller.js';
import { TokensController } from './tokens.controller.js';

@Module({
  imports: [AuthModule, ClientsModule],
  controllers: [TokenController, TokensController, MetadataController],
})
export class OAuthModule {}
