// Owns: password hashes and the rules for choosing a password. May import: kernel, config. Never: reads a user or a table.
import { Module } from '@nestjs/common';
import { PasswordHasher } from './password-hasher.js';

@Module({ providers: [PasswordHasher], exports: [PasswordHasher] })
export class PasswordsModule {}
