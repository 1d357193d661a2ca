// Owns: revocations, and their set in each instance's memory. May import: platform, access.
// Never: reads the database while a token is verified, or decides who may revoke.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Revocation } from './revocation.entity.js';
import { RevocationFeed } from './revocation.feed.js';
import { RevocationListener } from './revocation.listener.js';
import { RevocationPages } from './revocation-pages.service.js';
import { RevocationsRepository } from './revocations.repository.js';
import { RevocationsService } from './revocations.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Revocation])],
  providers: [RevocationFeed, RevocationListener, RevocationPages, RevocationsRepository, RevocationsService],
  exports: [RevocationFeed, RevocationPages, RevocationsService],
})
export class RevocationModule {}
