import { AppError } from '../kernel/app-error.js';

interface Waiter {
  readonly enter: () => void;
  readonly refuse: (error: AppError) => void;
}

/**
 * Runs at most `concurrency` jobs at the same time and lets at most `queue` jobs wait. Each caller has its own lane, and
 * the lanes take turns: a flood in one lane delays each of the others by one job. When the queue is full, the last job
 * of the longest lane is refused in favour of a shorter lane. A job that has waited for `maxWaitMs` is refused too.
 */
export class FairQueue {
  private running = 0;
  private waiting = 0;
  /** In the order of their turns; no lane is empty. */
  private readonly lanes = new Map<string, Waiter[]>();

  constructor(
    private readonly concurrency: number,
    private readonly queue: number,
    private readonly maxWaitMs = Infinity,
  ) {}

  /**
   * @param lane the caller that sends the job
   * @throws AppError `overloaded` where the queue is full, or later, where the waiting job is dropped for a shorter lane or has waited too long
   */
  async run<T>(job: () => Promise<T>, lane = ''): Promise<T> {
    if (this.running >= this.concurrency) await this.wait(lane);
    else this.running++;
    try {
      return await job();
    } finally {
      this.release();
    }
  }

  /** How many jobs run and wait now, and how many may wait. */
  get load(): { readonly running: number; readonly waiting: number; readonly queue: number } {
    return { running: this.running, waiting: this.waiting, queue: this.queue };
  }

  /** Whether the queue is empty and no job runs. */
  get idle(): boolean {
    return this.running === 0;
  }

  private wait(lane: string): Promise<void> {
    if (this.waiting >= this.queue) this.makeRoomFor(lane);
    this.waiting++;
    return new Promise((enter, refuse) => {
      const waiter = this.withDeadline({ enter, refuse }, lane);
      const waiters = this.lanes.get(lane);
      if (waiters) waiters.push(waiter);
      else this.lanes.set(lane, [waiter]);
    });
  }

  private withDeadline(waiter: Waiter, lane: string): Waiter {
    if (this.maxWaitMs === Infinity) return waiter;
    const timer = setTimeout(() => {
      const waiters = this.lanes.get(lane) ?? [];
      waiters.splice(waiters.indexOf(timed), 1);
      if (waiters.length === 0) this.lanes.delete(lane);
      this.waiting--;
      timed.refuse(new AppError('overloaded'));
    }, this.maxWaitMs);
    const timed: Waiter = {
      enter: () => {
        clearTimeout(timer);
        waiter.enter();
      },
      refuse: (error) => {
        clearTimeout(timer);
        waiter.refuse(error);
      },
    };
    return timed;
  }

  private makeRoomFor(lane: string): void {
    const own = this.lanes.get(lane)?.length ?? 0;
    let longest: Waiter[] = [];
    for (const waiters of this.lanes.values()) if (waiters.length > longest.length) longest = waiters;
    const last = longest.length > own + 1 ? longest.pop() : undefined;
    if (!last) throw new AppError('overloaded');
    this.waiting--;
    last.refuse(new AppError('overloaded'));
  }

  /** Hands the place of a finished job to the next job directly: `running` stays the same, so no newcomer slips in. */
  private release(): void {
    const turn = this.lanes.entries().next();
    if (turn.done) {
      this.running--;
      return;
    }
    const [lane, waiters] = turn.value;
    const next = waiters.shift();
    this.lanes.delete(lane);
    if (waiters.length > 0) this.lanes.set(lane, waiters);
    this.waiting--;
    next?.enter();
  }
}
