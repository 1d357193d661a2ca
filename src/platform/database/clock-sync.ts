import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../kernel/clock.js';
import { LOG, type Log } from '../kernel/log.js';
import { Periodic } from '../pacing/periodic.js';
import { DatabaseClock } from './database-clock.js';

const INTERVAL_MS = 5000;
/** A larger difference is logged, because other programs on the machine would disagree with the tokens' times. */
const WARN_SKEW_MS = 1000;

/** Keeps a {@link DatabaseClock} at the database's time. Other clocks, such as a test's, are left unchanged. */
@Injectable()
export class ClockSync implements OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.measure().catch(() => undefined), INTERVAL_MS);
  private warned = false;

  constructor(
    private readonly clock: Clock,
    private readonly dataSource: DataSource,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Measures now, before the first reader of the clock, and then periodically. @throws the database's error */
  async start(): Promise<this> {
    if (!(this.clock instanceof DatabaseClock)) return this;
    // The first measurement includes the time to connect; the second does not.
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
    const isLarge = Math.abs(skewMs) > WARN_SKEW_MS;
    if (isLarge && !this.warned) {
      this.log.warn(
        { skew_seconds: Math.round(skewMs / 1000) },
        "this machine's clock differs from the database's, which is used; synchronise both",
      );
    }
    this.warned = isLarge;
  }
}
