import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../kernel/clock.js';
import { LOG, type Log } from '../kernel/log.js';
import { Periodic } from '../pacing/periodic.js';
import { DatabaseClock } from './database-clock.js';

const INTERVAL_MS = 5000;
/** Beyond this the machine's clock deserves a look: its other programs will not agree with our tokens. */
const NOTEWORTHY_MS = 1000;

/** Keeps a {@link DatabaseClock} on the database's time. Any other clock, as of a test, is left alone. */
@Injectable()
export class ClockSync implements OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.measure().catch(() => undefined), INTERVAL_MS);
  private warned = false;

  constructor(
    private readonly clock: Clock,
    private readonly dataSource: DataSource,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Measures before anything asks for the time, and from then on. @throws the database's error */
  async start(): Promise<this> {
    if (!(this.clock instanceof DatabaseClock)) return this;
    // The first answer is late by the time a connection takes.
    await this.measure();
    await this.measure();
    this.periodic.start();
    return this;
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  private async measure(): Promise<void> {
    if (!(this.clock instanceof DatabaseClock)) return;
    await this.clock.measure(this.dataSource);
    this.warn(this.clock.skewMs());
  }

  private warn(skewMs: number): void {
    const noteworthy = Math.abs(skewMs) > NOTEWORTHY_MS;
    if (noteworthy && !this.warned) {
      this.log.warn(
        { skew_seconds: Math.round(skewMs / 1000) },
        "this machine's clock is not the database's, whose time is used; synchronise both",
      );
    }
    this.warned = noteworthy;
  }
}
