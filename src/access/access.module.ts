// Owns: the audiences of tokens in memory. May import: platform. Never: reads a table; the clients room loads the
// registered ones.
import { Global, Module } from '@nestjs/common';
import { Audiences } from './audiences.js';

@Global()
@Module({ providers: [Audiences], exports: [Audiences] })
export class AccessModule {}
