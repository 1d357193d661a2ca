// Owns: the OpenAPI document and its page. May import: kernel, access. Never: knows what a route does.
import { Module } from '@nestjs/common';
import { DocsController } from './docs.controller.js';

@Module({ controllers: [DocsController] })
export class DocsModule {}
