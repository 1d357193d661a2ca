// Owns: password hashes and the rules for choosing a password. May import: kernel, config. Never: reads a user or a table.
import { Module } from '@nestjs/common';
import { NewPasswords } from './new-passwords.js';
import { PasswordHasher } from './password-hasher.js';

@Module({ providers: [NewPasswords, PasswordHasher], exports: [NewPasswords, PasswordHasher] })
export class PasswordsModule {}
