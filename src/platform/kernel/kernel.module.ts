// Owns: the clock, the log, ids, error codes and validation of input. May import: nothing. Never: knows a room.
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock } from './clock.js';
import { LOG, type Log } from './log.js';

@Global()
@Module({})
export class KernelModule {
  static forRoot(clock: Clock, log: Log): DynamicModule {
    return {
      module: KernelModule,
      providers: [
        { provide: Clock, useValue: clock },
        { provide: LOG, useValue: log },
      ],
      exports: [Clock, LOG],
    };
  }
}
