import { Injectable } from '@nestjs/common';
import { EntityManager, Like } from 'typeorm';
import { RateLimitCounter } from './counter.entity.js';

/** The changes to counters after an attempt that they counted. Each key is `name:key`. */
export interface Settlement {
  /** Counters to delete. */
  readonly forget?: readonly string[];
  /** Counters to give one point back to. */
  readonly refund?: readonly string[];
}

/** Statements on counters that rate-limiter-flexible does not have. */
@Injectable()
export class CountersRepository {
  /**
   * Deletes the counters of `forget` and gives a point back to those of `refund` that have one. Rows are locked in the
   * order of their keys, so that parallel calls do not deadlock.
   */
  async settle(manager: EntityManager, { forget = [], refund = [] }: Settlement): Promise<void> {
    // Raw: locks rows in order, deletes some and updates others in one statement.
    await manager.query(
      `WITH held AS MATERIALIZED (
         SELECT key FROM rate_limits WHERE key = ANY($1::text[] || $2::text[]) ORDER BY key FOR UPDATE),
       forgotten AS (
         DELETE FROM rate_limits r USING held WHERE r.key = held.key AND r.key = ANY($1))
       UPDATE rate_limits r SET points = r.points - 1
         FROM held WHERE r.key = held.key AND r.key = ANY($2) AND r.points > 0`,
      [forget, refund],
    );
  }

  /** Deletes the counters whose key begins with one of these texts, which hold no wildcard of LIKE. */
  async deleteBeginning(manager: EntityManager, prefixes: readonly string[]): Promise<void> {
    await manager.delete(
      RateLimitCounter,
      prefixes.map((prefix) => ({ key: Like(`${prefix}%`) })),
    );
  }

  /** Deletes at most `limit` counters that expired before `now`. @returns how many; fewer than `limit` at the end */
  async deleteExpired(manager: EntityManager, now: Date, limit: number): Promise<number> {
    // Raw: SKIP LOCKED in a bounded delete. A plan may run a subquery again for each row; a materialized one runs once.
    const [, count]: [unknown, number] = await manager.query(
      `WITH old AS MATERIALIZED (
         SELECT key FROM rate_limits WHERE expire < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
       DELETE FROM rate_limits WHERE key IN (SELECT key FROM old)`,
      [now.getTime(), limit],
    );
    return count;
  }
}
