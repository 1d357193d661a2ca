import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';

/** How counters are settled when the attempt they counted is over; each key is `name:key`. */
export interface Settlement {
  readonly forget?: readonly string[];
  readonly refund?: readonly string[];
}

/** Statements on counters that rate-limiter-flexible does not have. */
@Injectable()
export class CountersRepository {
  /**
   * Deletes some counters, and gives a point back to others that still count one. One statement, which locks the rows in
   * the order of their keys, so that two of them do not deadlock.
   */
  async settle(manager: EntityManager, { forget = [], refund = [] }: Settlement): Promise<void> {
    // Raw: locks in order, deletes and gives back in one statement.
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

  /** Deletes at most `limit` expired counters. @returns how many; fewer than `limit` means that none is left */
  async deleteExpired(manager: EntityManager, now: Date, limit: number): Promise<number> {
    // Raw: SKIP LOCKED in a bounded delete.
    const [, count]: [unknown, number] = await manager.query(
      `DELETE FROM rate_limits WHERE key IN (
         SELECT key FROM rate_limits WHERE expire < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [now.getTime(), limit],
    );
    return count;
  }
}
