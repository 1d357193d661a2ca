import type { VerifierClock } from '@latchkey/token-rules';

/**
 * Translates the times in one stream's messages to the local clocks. The two machines' clocks may differ by any amount,
 * so only differences count: a message is as old as its delay over the fastest message of the same stream.
 */
export class ServiceTime {
  private smallestOffset = Infinity;

  /** @param lateMs the delay from which a message is refused, in milliseconds */
  constructor(
    private readonly clock: VerifierClock,
    private readonly lateMs: number,
  ) {}

  /** Whether a message with a time has arrived. */
  get isKnown(): boolean {
    return this.smallestOffset !== Infinity;
  }

  /** The monotonic clock minus the service's time, in milliseconds, by the fastest message. */
  get offset(): number {
    return this.smallestOffset;
  }

  /**
   * When a message was sent, on both local clocks.
   * @param time the service's time in the message, as text
   * @throws Error where the message is late: the stream is too slow to be useful, or one of the clocks was set
   */
  momentOf(time: unknown): { readonly elapsed: number; readonly now: number } {
    const sentAt = Date.parse(String(time));
    const elapsed = this.clock.elapsed();
    this.smallestOffset = Math.min(this.smallestOffset, elapsed - sentAt);
    const delay = elapsed - sentAt - this.smallestOffset;
    if (!(delay < this.lateMs)) throw new Error('the stream of revocations is late');
    return { elapsed: elapsed - delay, now: this.clock.now() - delay };
  }
}
