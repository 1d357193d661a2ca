/**
 * The only source of time in the service. Code reads it instead of `Date`, so tests move the clock instead of waiting.
 */
export abstract class Clock {
  /** Milliseconds since the Unix epoch. */
  abstract now(): number;

  /** Whole Unix seconds, rounded down (RFC 7519 NumericDate). */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }
}

/** The clock of the machine. */
export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}
