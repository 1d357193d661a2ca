import { describe, expect, it } from '@jest/globals';
import type { DataSource, EntityManager } from 'typeorm';
import { Transactions, type Transaction } from './transaction.js';

/** A minimal data source that runs transactions and counts commits. */
function transactions() {
  const counts = { committed: 0 };
  const dataSource = {
    transaction: async <T>(work: (manager: EntityManager) => Promise<T>): Promise<T> => {
      const result = await work({} as EntityManager);
      counts.committed++;
      return result;
    },
  };
  return { counts, transactions: new Transactions(dataSource as unknown as DataSource) };
}

const DEADLOCK = Object.assign(new Error('deadlock detected'), { code: '40P01' });

describe('a transaction', () => {
  it('is committed once even when a callback after the commit throws a deadlock error', async () => {
    const { counts, transactions: all } = transactions();
    const work = ({ afterCommit }: Transaction): Promise<void> => {
      afterCommit(() => {
        throw DEADLOCK;
      });
      return Promise.resolve();
    };
    await expect(all.run(work)).rejects.toBe(DEADLOCK);
    expect(counts.committed).toBe(1);
  });

  it('runs again after a deadlock, and runs the callbacks of the last attempt only', async () => {
    const { counts, transactions: all } = transactions();
    const called: number[] = [];
    let attempts = 0;
    await all.run(({ afterCommit }) => {
      const attempt = ++attempts;
      afterCommit(() => called.push(attempt));
      return attempt < 3 ? Promise.reject(DEADLOCK) : Promise.resolve();
    });
    expect([counts.committed, called]).toEqual([1, [3]]);
  });

  it('fails with the error of the third deadlock', async () => {
    const { transactions: all } = transactions();
    let attempts = 0;
    const work = (): Promise<void> => {
      attempts++;
      return Promise.reject(DEADLOCK);
    };
    await expect(all.run(work)).rejects.toBe(DEADLOCK);
    expect(attempts).toBe(3);
  });
});
