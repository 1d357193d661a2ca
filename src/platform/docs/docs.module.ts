// Owns: the OpenAPI document and the pages of the API and of the errors. May import: kernel, http, access. Never: knows
// a single route.
import { Module } from '@nestjs/common';
import { DocsController } from './docs.controller.js';

@Module({ controllers: [DocsController] })
export class DocsModule {}
