// Owns: the keys that sign and verify. May import: kernel, access, config, database. Never: sees a token.
import { Module } from '@nestjs/common';
import { JwksController } from './jwks.controller.js';
import { KeyRing } from './key-ring.js';

@Module({ controllers: [JwksController], providers: [KeyRing], exports: [KeyRing] })
export class KeysModule {}
