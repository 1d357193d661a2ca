// Owns: liveness and readiness. May import: platform, access, revocation. Never: changes anything.
import { Module } from '@nestjs/common';
import { RevocationModule } from '../revocation/revocation.module.js';
import { HealthController } from './health.controller.js';

@Module({ imports: [RevocationModule], controllers: [HealthController] })
export class HealthModule {}
