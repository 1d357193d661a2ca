// Owns: sessions and the rotation of refresh tokens. May import: kernel, access, config, database.
// Never: signs or reads a token, writes a revocation, or knows a password.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Session } from './session.entity.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { SweptSessionsRepository } from './swept-sessions.repository.js';

@Module({
  imports: [TypeOrmModule.forFeature([Session])],
  providers: [SessionsService, SessionsRepository, SweptSessionsRepository],
  exports: [SessionsService, SessionsRepository, SweptSessionsRepository],
})
export class SessionsModule {}
