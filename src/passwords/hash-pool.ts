import { AppError } from '../kernel/app-error.js';

/**
 * Runs at most `concurrency` jobs at once and lets at most `queue` wait, first come first served. Hashes block a
 * thread of libuv's pool each, which file reads and DNS share: unbounded, a login storm stops everything else.
 */
export class HashPool {
  private running = 0;
  private readonly waiting: Array<() => void> = [];

  constructor(
    private readonly concurrency: number,
    private readonly queue: number,
  ) {}

  /** @throws AppError `overloaded` at once where `queue` jobs wait already */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.running >= this.concurrency) await this.wait();
    else this.running++;
    try {
      return await job();
    } finally {
      this.release();
    }
  }

  private wait(): Promise<void> {
    if (this.waiting.length >= this.queue) throw new AppError('overloaded');
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** A finished job hands its place to the longest waiting one, so that `running` never dips between them. */
  private release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running--;
  }
}
