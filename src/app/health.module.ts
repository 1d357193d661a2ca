// Owns: liveness and readiness, which app/ decides from the database, the revocation feed and the lifecycle of the
// process. May import: platform, access, keys, revocation, seals. Never: changes anything.
import { Module } from '@nestjs/common';
import { KeysModule } from '../keys/keys.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { SealsModule } from '../seals/seals.module.js';
import { HealthController } from './health.controller.js';

@Module({ imports: [KeysModule, RevocationModule, SealsModule], controllers: [HealthController] })
export class HealthModule {}
