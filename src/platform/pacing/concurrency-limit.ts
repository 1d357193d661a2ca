import { AppError } from '../kernel/app-error.js';

/**
 * Lets at most `limit` jobs run or wait at the same time and refuses further jobs at once. A lane that holds less than
 * an equal share may exceed the limit, so that a flood in one lane does not shut out the others.
 */
export class ConcurrencyLimit {
  private total = 0;
  private readonly lanes = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** @param lane the caller whose share the job counts towards @throws AppError `overloaded` */
  async run<T>(job: () => Promise<T>, lane = ''): Promise<T> {
    const held = this.lanes.get(lane) ?? 0;
    const lanes = held === 0 ? this.lanes.size + 1 : this.lanes.size;
    if (this.total >= this.limit && held >= Math.floor(this.limit / lanes)) throw new AppError('overloaded');
    this.total++;
    this.lanes.set(lane, held + 1);
    try {
      return await job();
    } finally {
      this.leave(lane);
    }
  }

  private leave(lane: string): void {
    this.total--;
    const held = (this.lanes.get(lane) ?? 0) - 1;
    if (held > 0) this.lanes.set(lane, held);
    else this.lanes.delete(lane);
  }
}
