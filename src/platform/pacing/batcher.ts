import { AsyncResource } from 'node:async_hooks';
import { AppError } from '../kernel/app-error.js';

interface Pending<Q, A> {
  readonly question: Q;
  readonly askedAt: number;
  /** The caller's context, under which traces record the batch. */
  readonly context: AsyncResource;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatcherLimits {
  /** How many batches run at the same time. */
  readonly maxInFlight: number;
  /** How many questions one batch holds. */
  readonly maxBatch: number;
  /** How long a question waits for its batch to start, in milliseconds; the time the batch runs is not counted. */
  readonly maxWaitMs: number;
}

/**
 * Answers the questions of many callers in batches. Questions that arrive while the batches are busy share the next one,
 * so callers under load share a round trip, and a single question leaves at once. A batch starts after each of its
 * questions was asked: no answer is older than its question.
 */
export class Batcher<Q, A> {
  private queue: Array<Pending<Q, A>> = [];
  private running = 0;
  private scheduled = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param answerAll returns the answers in the order of the questions; its error rejects every question of the batch */
  constructor(
    private readonly answerAll: (questions: readonly Q[]) => Promise<readonly A[]>,
    private readonly limits: BatcherLimits,
  ) {}

  /** @throws AppError `unavailable` where no batch starts within `maxWaitMs`; the error of `answerAll` */
  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      const context = new AsyncResource('Batcher');
      this.queue.push({ question, askedAt: performance.now(), context, resolve, reject });
      this.schedule();
    });
  }

  /** Starts batches after this turn of the event loop, so that requests read in the same turn share one. */
  private schedule(): void {
    if (this.scheduled || !this.canStart) {
      this.armTimer();
      return;
    }
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.canStart) this.startBatch();
    });
  }

  private get canStart(): boolean {
    return this.queue.length > 0 && this.running < this.limits.maxInFlight;
  }

  private startBatch(): void {
    const batch = this.queue.splice(0, this.limits.maxBatch);
    // The batch is traced under the first caller's context.
    batch[0]?.context.runInAsyncScope(() => void this.send(batch));
  }

  private async send(batch: ReadonlyArray<Pending<Q, A>>): Promise<void> {
    this.running++;
    try {
      const answers = await this.answerAll(batch.map(({ question }) => question));
      batch.forEach(({ resolve }, index) => resolve(answers[index] as A));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.running--;
      this.schedule();
    }
  }

  /** One timer for the queue: when the database hangs, requests are refused rather than piled up. */
  private armTimer(): void {
    const [oldest] = this.queue;
    if (!oldest || this.timer) return;
    const restMs = oldest.askedAt + this.limits.maxWaitMs - performance.now();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.rejectOverdue();
      this.armTimer();
    }, restMs).unref();
  }

  private rejectOverdue(): void {
    const since = performance.now() - this.limits.maxWaitMs;
    const late = this.queue.findIndex(({ askedAt }) => askedAt > since);
    const overdue = this.queue.splice(0, late === -1 ? this.queue.length : late);
    for (const { reject } of overdue) {
      reject(
        new AppError('unavailable', { diagnosis: { cause: 'earlier batches still wait for the database' } }),
      );
    }
  }
}
