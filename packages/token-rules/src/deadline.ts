/** A time limit that can be extended. Aborts its signal when the time is up, or when another signal is aborted. */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly abort = (): void => this.controller.abort(this.outer?.reason ?? new Error(this.message));
  private readonly aborted: Promise<never>;
  private timer: NodeJS.Timeout;

  /**
   * @param withinMs the time limit in milliseconds, from now and from each call of `extend`
   * @param message of the error when the time is up
   * @param outer a signal that ends the deadline early, with its own reason
   */
  constructor(
    private readonly withinMs: number,
    private readonly message: string,
    private readonly outer?: AbortSignal,
  ) {
    const { signal } = this.controller;
    this.aborted = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    this.aborted.catch(() => undefined);
    this.timer = this.startTimer();
    if (outer?.aborted) this.abort();
    outer?.addEventListener('abort', this.abort);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The result of `work`, or the deadline's error when that comes first; works for promises that ignore the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.aborted]);
  }

  /** Starts the time limit anew. */
  extend(): void {
    clearTimeout(this.timer);
    this.timer = this.startTimer();
  }

  /** Call it when the work is done: clears the timer, and aborts the signal so that leftover work stops. */
  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.abort);
    this.controller.abort(new Error('the deadline was ended'));
  }

  private startTimer(): NodeJS.Timeout {
    return setTimeout(this.abort, this.withinMs);
  }
}
