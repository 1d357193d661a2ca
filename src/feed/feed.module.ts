// Owns: what other services follow: pages and the stream of revocations. May import: auth, revocation, access, platform.
// Never: revokes anything.
import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { FeedController } from './feed.controller.js';
import { FeedService } from './feed.service.js';
import { RevocationStreamController } from './revocation-stream.controller.js';
import { RevocationStreams } from './revocation-streams.js';

@Module({
  imports: [AuthModule, RevocationModule],
  controllers: [FeedController, RevocationStreamController],
  providers: [FeedService, RevocationStreams],
})
export class FeedModule {}
