import { AsyncResource } from 'node:async_hooks';
import { AppError } from '../kernel/app-error.js';

interface Asked<Q, A> {
  readonly question: Q;
  readonly at: number;
  /** The request that asks, for whoever traces. */
  readonly context: AsyncResource;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatcherLimits {
  /** How many may be under way. */
  readonly atOnce: number;
  /** How many questions go together at most. */
  readonly together: number;
  /** How long a question waits for its turn, in milliseconds; the time it is under way comes on top. */
  readonly patienceMs: number;
}

/**
 * Puts the questions of many askers together. Those that come while others are under way go with the next, so that a
 * round trip under load is shared, and nobody who is alone waits for company. A question is put only after it was
 * asked: no answer is older than its question.
 */
export class Batcher<Q, A> {
  private waiting: Array<Asked<Q, A>> = [];
  private underWay = 0;
  private leaving = false;
  private watch: NodeJS.Timeout | undefined;

  /** @param put answers each question at its place; where it throws, all who asked get its error */
  constructor(
    private readonly put: (questions: readonly Q[]) => Promise<readonly A[]>,
    private readonly limits: BatcherLimits,
  ) {}

  /** @throws AppError `unavailable` where its turn does not come in time, and what `put` throws */
  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      const context = new AsyncResource('Batcher');
      this.waiting.push({ question, at: performance.now(), context, resolve, reject });
      this.leave();
    });
  }

  /** Not before what else has arrived in this moment was read. */
  private leave(): void {
    if (this.leaving || !this.mayLeave) {
      this.watchOver();
      return;
    }
    this.leaving = true;
    setImmediate(() => {
      this.leaving = false;
      while (this.mayLeave) this.sendNext();
    });
  }

  private get mayLeave(): boolean {
    return this.waiting.length > 0 && this.underWay < this.limits.atOnce;
  }

  private sendNext(): void {
    const asked = this.waiting.splice(0, this.limits.together);
    // What belongs to all of them is told of the first.
    asked[0]?.context.runInAsyncScope(() => void this.send(asked));
  }

  private async send(asked: ReadonlyArray<Asked<Q, A>>): Promise<void> {
    this.underWay++;
    try {
      const answers = await this.put(asked.map(({ question }) => question));
      asked.forEach(({ resolve }, place) => resolve(answers[place] as A));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      this.underWay--;
      this.leave();
    }
  }

  /** One timer for all: a database that hangs lets nobody's turn come, and requests must not pile up behind it. */
  private watchOver(): void {
    const [oldest] = this.waiting;
    if (!oldest || this.watch) return;
    const restMs = oldest.at + this.limits.patienceMs - performance.now();
    this.watch = setTimeout(() => {
      this.watch = undefined;
      this.giveUp();
      this.watchOver();
    }, restMs).unref();
  }

  private giveUp(): void {
    const since = performance.now() - this.limits.patienceMs;
    const late = this.waiting.findIndex(({ at }) => at > since);
    const overdue = this.waiting.splice(0, late === -1 ? this.waiting.length : late);
    for (const { reject } of overdue) {
      reject(new AppError('unavailable', { diagnosis: { cause: 'the database takes too long for others' } }));
    }
  }
}
