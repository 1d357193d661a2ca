// Owns: the events of rooms, the metrics and their listener, and traces. May import: kernel, config. Never: imports a
// feature room, or decides anything.
import { Module } from '@nestjs/common';
import { MetricsServer } from './metrics.server.js';

@Module({ providers: [MetricsServer], exports: [MetricsServer] })
export class MetricsModule {}
