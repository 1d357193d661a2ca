/**
 * Repeats a task every `intervalMs` milliseconds. Rounds never overlap: while a round runs, further ticks are skipped.
 * The timer does not keep the process alive.
 */
export class Periodic {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private ended = false;

  /** @param round handles its own errors: a rejection would be unhandled and end the process */
  constructor(
    private readonly round: () => Promise<void>,
    private readonly intervalMs: number,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.round().finally(() => {
        this.running = undefined;
      });
    }, this.intervalMs);
    this.timer.unref();
  }

  /** Starts no further round and waits for the running one, which may end early by checking {@link stopped}. */
  async stop(): Promise<void> {
    this.ended = true;
    clearInterval(this.timer);
    await this.running;
  }

  get stopped(): boolean {
    return this.ended;
  }
}
