import { DataSource, type EntityManager } from 'typeorm';

/** A running transaction: its entity manager, and a way to run callbacks after its commit. */
export interface Transaction {
  readonly manager: EntityManager;
  /** Runs `work` after the commit, in the order of the calls; a rolled-back transaction runs none. */
  readonly afterCommit: (work: () => void) => void;
}

const ATTEMPTS = 3;
/** Serialization failure and deadlock: the transaction was rolled back and may simply run again. */
const RETRYABLE: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/** Runs transactions; the victim of a deadlock runs again, at most three times in all. */
export class Transactions {
  /** @param settings statements that begin each transaction, where its session has other settings */
  constructor(
    private readonly dataSource: DataSource,
    private readonly settings?: string,
  ) {}

  /** Commits the changes of `work` and returns its result, or rolls back and throws its error. */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const callbacks: Array<() => void> = [];
      let result: T;
      try {
        result = await this.dataSource.transaction(async (manager) => {
          // Raw: settings of the transaction, with the limit of the time in which a frozen instance holds its locks.
          if (this.settings !== undefined) await manager.query(this.settings);
          return work({ manager, afterCommit: (callback) => callbacks.push(callback) });
        });
      } catch (error) {
        if (attempt === ATTEMPTS || !RETRYABLE.has((error as { code?: unknown } | null)?.code)) throw error;
        continue;
      }
      // The transaction is committed: an error of a callback must not repeat it.
      for (const callback of callbacks) callback();
      return result;
    }
  }
}
