// Owns: liveness and readiness. May import: kernel, access, docs, revocation. Never: changes anything.
import { Module } from '@nestjs/common';
import { RevocationModule } from '../revocation/revocation.module.js';
import { HealthController } from './health.controller.js';
import { Lifecycle } from './lifecycle.js';

@Module({
  imports: [RevocationModule],
  controllers: [HealthController],
  providers: [Lifecycle],
  exports: [Lifecycle],
})
export class HealthModule {}
