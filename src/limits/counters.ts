import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { DataSource } from 'typeorm';
import type { Pool } from 'pg';

/** So many points in so many seconds; the seconds begin with the first. */
export interface Budget {
  readonly points: number;
  /** 0: for ever. */
  readonly seconds: number;
}

/** What is left after a point was taken. */
export interface Taken {
  readonly allowed: boolean;
  /** How many were taken since the budget began, this one included. */
  readonly taken: number;
  /** Seconds until the budget is whole again, rounded up; undefined where that is never. */
  readonly resetSeconds: number | undefined;
}

export interface Counter {
  readonly budget: Budget;
  /** Takes a point in one atomic step, so that requests at the same moment cannot overrun the budget. */
  take(key: string): Promise<Taken>;
  /** Refuses the key from now on for so many seconds; for ever where 0. */
  block(key: string, seconds: number): Promise<void>;
}

/** A counter that every instance shares. @param name begins its keys in the table `rate_limits` */
export function sharedCounter(dataSource: DataSource, name: string, budget: Budget): Counter {
  const pool = (dataSource.driver as unknown as { master: Pool }).master;
  // Without the name it comes with: a transaction pooler keeps no prepared statements.
  const storeClient = {
    query: ({ text, values }: { text: string; values: unknown[] }) => pool.query({ text, values }),
  };
  return counterOf(
    budget,
    new RateLimiterPostgres({
      storeClient,
      storeType: 'client',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: name,
      points: budget.points,
      duration: budget.seconds,
    }),
  );
}

/** A counter of this instance alone, for what happens too often to ask the database each time. */
export function localCounter(name: string, budget: Budget): Counter {
  return counterOf(
    budget,
    new RateLimiterMemory({ keyPrefix: name, points: budget.points, duration: budget.seconds }),
  );
}

function counterOf(budget: Budget, limiter: RateLimiterPostgres | RateLimiterMemory): Counter {
  return {
    budget,
    async take(key) {
      const allowed = await limiter.consume(key).catch((refusal: unknown) => {
        if (refusal instanceof RateLimiterRes) return refusal;
        throw refusal;
      });
      const { consumedPoints: taken, msBeforeNext } = allowed;
      const resetSeconds = msBeforeNext < 0 ? undefined : Math.max(1, Math.ceil(msBeforeNext / 1000));
      return { allowed: taken <= budget.points, taken, resetSeconds };
    },
    async block(key, seconds) {
      await limiter.block(key, seconds);
    },
  };
}
