import { Clock } from '../../../src/platform/kernel/clock.js';

/** The machine's time plus an offset that the test sets. */
export class TestClock extends Clock {
  private offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** Moves the time forward, or back if the number is negative. */
  move(milliseconds: number): void {
    this.offsetMs += milliseconds;
  }
}
