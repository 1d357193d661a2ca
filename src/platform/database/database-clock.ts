import { performance } from 'node:perf_hooks';
import type { DataSource } from 'typeorm';
import { Clock } from '../kernel/clock.js';

/**
 * The database's time, which all instances share: when a refresh token was rotated, and since when a token is revoked,
 * is judged by other instances than the one that wrote it down. Between two measurements it advances by the
 * machine's monotonic clock, so a step of the machine's own time changes nothing. Until the first one it is the
 * machine's.
 */
export class DatabaseClock extends Clock {
  /** Milliseconds to add to the monotonic clock. */
  private offsetMs = Date.now() - performance.now();

  now(): number {
    return Math.floor(performance.now() + this.offsetMs);
  }

  /**
   * Takes over what the database said its time was, in milliseconds, at some moment between two readings of the
   * monotonic clock. Where the present offset may be right, it stays: a slow answer moves nothing.
   */
  observe(databaseMs: number, askedAt: number, answeredAt: number): void {
    const [least, most] = [databaseMs - answeredAt, databaseMs - askedAt];
    if (this.offsetMs < least || this.offsetMs > most) this.offsetMs = (least + most) / 2;
  }

  /** Asks the database for its time and takes it over. @throws the database's error */
  async measure(dataSource: DataSource): Promise<void> {
    const askedAt = performance.now();
    // Raw: asks for the time, which belongs to no table.
    const [row]: Array<{ ms: number }> = await dataSource.query(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    );
    if (row) this.observe(row.ms, askedAt, performance.now());
  }

  /** How far the machine's own time is ahead of the database's, in milliseconds. */
  skewMs(): number {
    return Date.now() - this.now();
  }
}
