// Owns: the keys that sign and verify. May import: kernel, access, config, database. Never: sees a token.
import { Module } from '@nestjs/common';
import { JwksController } from './jwks.controller.js';
import { KeyRing } from './key-ring.js';
import { KeyRotation } from './key-rotation.service.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

@Module({
  controllers: [JwksController],
  providers: [KeyRing, KeyRotation, SigningKeysRepository],
  exports: [KeyRing, KeyRotation],
})
export class KeysModule {}
