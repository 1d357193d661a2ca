// Owns: liveness and readiness, which app/ decides from the database, the revocation feed and the lifecycle of the
// process. May import: platform, access, revocation. Never: changes anything.
import { Module } from '@nestjs/common';
import { RevocationModule } from '../revocation/revocation.module.js';
import { HealthController } from './health.controller.js';

@Module({ imports: [RevocationModule], controllers: [HealthController] })
export class HealthModule {}
