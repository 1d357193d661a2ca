import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AccessLifetime } from './access-lifetime.entity.js';

/** The statements on `access_lifetimes`. Times come from the caller's clock. */
@Injectable()
export class AccessLifetimesRepository {
  /** Records that tokens of this lifetime may be issued until a time, and at least until the time recorded before. */
  async record(manager: EntityManager, seconds: number, issuedUntil: Date): Promise<void> {
    // Raw: the later of two times, in one statement.
    await manager.query(
      `INSERT INTO access_lifetimes (seconds, issued_until) VALUES ($1, $2)
       ON CONFLICT ON CONSTRAINT pk_access_lifetimes
       DO UPDATE SET issued_until = greatest(access_lifetimes.issued_until, excluded.issued_until)`,
      [seconds, issuedUntil],
    );
  }

  /** The longest lifetime, in seconds, of which a token may be accepted after `now`; 0 where there is none. */
  async longest(manager: EntityManager, now: Date): Promise<number> {
    const row = await manager
      .createQueryBuilder(AccessLifetime, 'l')
      .select('coalesce(max(l.seconds), 0)', 'seconds')
      .where('l.issuedUntil + make_interval(secs => l.seconds) > :now', { now })
      .getRawOne<{ seconds: number }>();
    return row?.seconds ?? 0;
  }

  /** Deletes the lifetimes whose last token expired before a time, and returns how many. */
  async deleteExpired(manager: EntityManager, before: Date): Promise<number> {
    const { affected } = await manager
      .createQueryBuilder()
      .delete()
      .from(AccessLifetime)
      .where('issued_until + make_interval(secs => seconds) < :before', { before })
      .execute();
    return affected ?? 0;
  }
}
