import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';

/** What the counters' library has no single statement for. */
@Injectable()
export class CountersRepository {
  /** Forgets what was counted under these keys. */
  async clear(manager: EntityManager, keys: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM rate_limits WHERE key = ANY($1)', [keys]);
  }

  /** Gives a point back where one is counted still. */
  async refund(manager: EntityManager, keys: readonly string[]): Promise<void> {
    await manager.query('UPDATE rate_limits SET points = points - 1 WHERE key = ANY($1) AND points > 0', [
      keys,
    ]);
  }

  /** @returns how many went; fewer than `limit` means that none is left */
  async deleteExpired(manager: EntityManager, now: Date, limit: number): Promise<number> {
    const [, count]: [unknown, number] = await manager.query(
      `DELETE FROM rate_limits WHERE key IN (
         SELECT key FROM rate_limits WHERE expire < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [now.getTime(), limit],
    );
    return count;
  }
}
