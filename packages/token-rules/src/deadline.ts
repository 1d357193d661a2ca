/** The end of something that waits for others: when another signal is given, or after a time that can be put off. */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly give = (): void => this.controller.abort(this.outer?.reason ?? new Error(this.words));
  private readonly given: Promise<never>;
  private timer: NodeJS.Timeout;

  constructor(
    private readonly withinMs: number,
    private readonly words: string,
    private readonly outer?: AbortSignal,
  ) {
    const { signal } = this.controller;
    this.given = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    this.given.catch(() => undefined);
    this.timer = this.wait();
    if (outer?.aborted) this.give();
    outer?.addEventListener('abort', this.give);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Waits no longer than this, also for what does not heed the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.given]);
  }

  putOff(): void {
    clearTimeout(this.timer);
    this.timer = this.wait();
  }

  /** To be called when it is over: leaves nothing behind, and gives the signal to whatever still heeds it. */
  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.give);
    this.controller.abort(new Error('over'));
  }

  private wait(): NodeJS.Timeout {
    return setTimeout(this.give, this.withinMs);
  }
}
