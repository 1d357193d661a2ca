import { Clock } from '../../../src/platform/kernel/clock.js';

/** The machine's time, moved by as much as a test says. */
export class TestClock extends Clock {
  private offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** Moves time on, or back where negative. */
  move(milliseconds: number): void {
    this.offsetMs += milliseconds;
  }
}
