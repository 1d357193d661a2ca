// Owns: the signing keys, their rotation, their endpoints and the JWKS; the keys of internal tokens. May import: audit, revocation, access, platform.
// Never: handles a token.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { JwksController } from './jwks.controller.js';
import { InternalKeys } from './internal-keys.js';
import { KeyRing } from './key-ring.js';
import { KeyRotation } from './key-rotation.service.js';
import { KeysController } from './keys.controller.js';
import { SigningKeyChanges } from './signing-key-changes.js';
import { SigningKeyRow } from './signing-key.entity.js';
import { SigningKeyRows } from './signing-key-rows.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { SigningKeysService } from './signing-keys.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([SigningKeyRow]), AuditModule, RevocationModule],
  controllers: [JwksController, KeysController],
  providers: [
    InternalKeys,
    KeyRing,
    KeyRotation,
    SigningKeyChanges,
    SigningKeyRows,
    SigningKeysRepository,
    SigningKeysService,
  ],
  exports: [InternalKeys, KeyRing, SigningKeyChanges, SigningKeyRows, SigningKeysService],
})
export class KeysModule {}
