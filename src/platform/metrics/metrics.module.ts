// Owns: the listener and the form of what is measured, and traces. May import: kernel, config. Never: knows a room, or
// decides anything.
import { Module } from '@nestjs/common';
import { MetricsServer } from './metrics.server.js';

@Module({ providers: [MetricsServer], exports: [MetricsServer] })
export class MetricsModule {}
