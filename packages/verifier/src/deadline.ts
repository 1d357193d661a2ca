/** A signal that is given when another is, or after a time that can be put off. */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly give = (): void => this.controller.abort(this.outer?.reason ?? new Error(this.words));
  private timer: NodeJS.Timeout;

  constructor(
    private readonly withinMs: number,
    private readonly words: string,
    private readonly outer?: AbortSignal,
  ) {
    this.timer = this.wait();
    if (outer?.aborted) this.give();
    outer?.addEventListener('abort', this.give);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  putOff(): void {
    clearTimeout(this.timer);
    this.timer = this.wait();
  }

  /** To be called when it is over: leaves nothing behind. */
  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.give);
  }

  private wait(): NodeJS.Timeout {
    return setTimeout(this.give, this.withinMs);
  }
}
