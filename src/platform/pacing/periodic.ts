/**
 * Work that is done again and again, one round at a time: the next begins `intervalMs` after the last has begun, or
 * once that is over. Keeps no process alive.
 */
export class Periodic {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private ended = false;

  /** @param round handles its own errors: what it throws would end the process */
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

  /** Begins no further round and waits for the one under way, which may look at {@link stopped} to end early. */
  async stop(): Promise<void> {
    this.ended = true;
    clearInterval(this.timer);
    await this.running;
  }

  get stopped(): boolean {
    return this.ended;
  }
}
