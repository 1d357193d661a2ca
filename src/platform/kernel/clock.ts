/**
 * The only source of time in the service. Rooms ask it instead of `Date`, so that a test moves time instead of
 * waiting for it.
 */
export abstract class Clock {
  /** Milliseconds since the Unix epoch. */
  abstract now(): number;

  /** Whole Unix seconds, rounded down (RFC 7519 NumericDate). */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }
}

/** The machine's own clock. */
export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}
