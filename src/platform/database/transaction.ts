import { DataSource, type EntityManager } from 'typeorm';

/** A running transaction: what to talk to the database with, and what to do once it is committed. */
export interface Transaction {
  readonly manager: EntityManager;
  /** Runs `work` after the commit, in order; never where the transaction was rolled back. */
  readonly afterCommit: (work: () => void) => void;
}

const ATTEMPTS = 3;
/** Serialization failure and deadlock: the transaction did nothing and may run again as it is. */
const RETRYABLE: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/** Runs transactions; a deadlock's victim is run again, up to three times in all. */
export class Transactions {
  /** @param limitMs the server's time limit, where the session does not have it already */
  constructor(
    private readonly dataSource: DataSource,
    private readonly limitMs?: number,
  ) {}

  /** Commits what `work` did and returns its result, or rolls it back and throws its error. */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const callbacks: Array<() => void> = [];
      let result: T;
      try {
        result = await this.dataSource.transaction(async (manager) => {
          await this.limit(manager);
          return work({ manager, afterCommit: (callback) => callbacks.push(callback) });
        });
      } catch (error) {
        if (attempt === ATTEMPTS || !RETRYABLE.has((error as { code?: unknown } | null)?.code)) throw error;
        continue;
      }
      // The transaction is committed: an error of a callback must not run it again.
      for (const callback of callbacks) callback();
      return result;
    }
  }

  /** Without it, an instance that freezes in the middle would hold its locks for as long as it likes. */
  private async limit(manager: EntityManager): Promise<void> {
    if (this.limitMs === undefined) return;
    // Raw: settings of the transaction.
    await manager.query(
      `SELECT set_config('statement_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true)`,
      [String(this.limitMs)],
    );
  }
}
