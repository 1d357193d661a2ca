import { performance } from 'node:perf_hooks';
import type { DataSource } from 'typeorm';
import { Clock } from '../kernel/clock.js';

/**
 * The database's time, which all instances share: one instance writes the time of a rotation or a revocation, and others
 * compare it. Between two measurements the clock advances by the machine's monotonic clock, so changes of the machine's
 * time do not affect it. Before the first measurement it shows the machine's time.
 */
export class DatabaseClock extends Clock {
  /** Milliseconds to add to the monotonic clock. */
  private offsetMs = Date.now() - performance.now();

  now(): number {
    return Math.floor(performance.now() + this.offsetMs);
  }

  /**
   * Adjusts the clock to a measurement.
   * @param databaseMs the database's time, in milliseconds, at a moment between `askedAt` and `answeredAt`
   * @param askedAt the monotonic clock before the question, in milliseconds
   * @param answeredAt the monotonic clock after the answer; an offset that fits in between is kept
   */
  observe(databaseMs: number, askedAt: number, answeredAt: number): void {
    const [least, most] = [databaseMs - answeredAt, databaseMs - askedAt];
    if (this.offsetMs < least || this.offsetMs > most) this.offsetMs = (least + most) / 2;
  }

  /** Measures the database's time and adjusts the clock to it. @throws the database's error */
  async measure(dataSource: DataSource): Promise<void> {
    const askedAt = performance.now();
    // Raw: reads the server's clock, which belongs to no table.
    const [row]: Array<{ ms: number }> = await dataSource.query(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    );
    if (row) this.observe(row.ms, askedAt, performance.now());
  }

  /** How far the machine's time is ahead of the database's, in milliseconds. */
  skewMs(): number {
    return Date.now() - this.now();
  }
}
