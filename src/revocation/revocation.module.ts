// Owns: revocations, their set in each instance's memory, and how long they have to last. May import: platform, access.
// Never: reads the database while a token is verified, or decides who may revoke.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessLifetime } from './access-lifetime.entity.js';
import { AccessLifetimes } from './access-lifetimes.js';
import { AccessLifetimesRepository } from './access-lifetimes.repository.js';
import { Revocation } from './revocation.entity.js';
import { RevocationFeed } from './revocation.feed.js';
import { RevocationListener } from './revocation.listener.js';
import { RevocationPages } from './revocation-pages.service.js';
import { RevocationsRepository } from './revocations.repository.js';
import { RevocationsService } from './revocations.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([AccessLifetime, Revocation])],
  providers: [
    AccessLifetimes,
    AccessLifetimesRepository,
    RevocationFeed,
    RevocationListener,
    RevocationPages,
    RevocationsRepository,
    RevocationsService,
  ],
  exports: [AccessLifetimes, RevocationFeed, RevocationPages, RevocationsService],
})
export class RevocationModule {}
