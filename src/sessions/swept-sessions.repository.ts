import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { FIRST_PARTY } from '../access/principal.js';
import { Session } from './session.entity.js';
import type { SweepFilter, SweepSummary, SweepExample, PagedSession, EndedSession } from './sweep-records.js';

/** Of `s`, with the parameters $1 to $7 of {@link values}. */
const MEANT = `
  s.revoked_at IS NULL AND s.expires_at > $1 AND s.created_at < $2
  AND ($3::uuid IS NULL OR s.user_id = $3) AND ($4::text IS NULL OR s.client_id = $4)
  AND ($5::text[] IS NULL OR s.ip = ANY ($5))
  AND ($6::timestamptz IS NULL OR s.rotated_at >= $6) AND ($7::timestamptz IS NULL OR s.rotated_at < $7)`;

/** The statements on `sessions` that are about many users at once, a page of the table at a time. */
@Injectable()
export class SweptSessionsRepository {
  /** How many there are. Takes time in proportion to the table. */
  async summary(manager: EntityManager, filter: SweepFilter, usedSince: Date): Promise<SweepSummary> {
    // Raw: aggregates with filters, by the condition that all sweeps share.
    const rows: SweepSummary[] = await manager.query(
      `SELECT count(*)::int AS sessions, count(DISTINCT s.user_id)::int AS users,
              (count(*) FILTER (WHERE s.last_used_at > $8))::int AS "usedLately",
              min(s.created_at) AS "openedFirst", max(s.created_at) AS "openedLast"
         FROM sessions s WHERE ${MEANT}`,
      [...values(filter), usedSince],
    );
    return rows[0] as SweepSummary;
  }

  /** A few of them, the oldest. */
  async examples(manager: EntityManager, filter: SweepFilter, limit: number): Promise<SweepExample[]> {
    // Raw: by the condition that all sweeps share.
    return manager.query(
      `SELECT s.id, s.user_id AS "userId", s.client_id AS "clientId", s.created_at AS "createdAt", s.ip
         FROM sessions s WHERE ${MEANT} ORDER BY s.id LIMIT $8`,
      [...values(filter), limit],
    );
  }

  /** Every address that a live session was opened from. What a proxy said may be no address at all. */
  async addresses(manager: EntityManager, now: Date): Promise<string[]> {
    const rows: Array<{ ip: string }> = await manager
      .createQueryBuilder(Session, 's')
      .select('DISTINCT s.ip', 'ip')
      .where('s.revokedAt IS NULL AND s.expiresAt > :now AND s.ip IS NOT NULL', { now })
      .getRawMany();
    return rows.map(({ ip }) => ip);
  }

  /**
   * The next sessions of the table, or of a client, whether they are meant or not: a statement that looked for a number
   * of those could read the whole table. None at its end. There is an index of the sessions of clients, which are few.
   */
  async page(
    manager: EntityManager,
    { after, size, clientId }: { after: string | null; size: number; clientId: string | null },
  ): Promise<PagedSession[]> {
    const isIndexed = clientId !== null && clientId !== FIRST_PARTY;
    return manager
      .createQueryBuilder(Session, 's')
      .select(['s.id', 's.ip'])
      .where(after === null ? 'true' : 's.id > :after', { after })
      .andWhere(isIndexed ? `s.clientId = :clientId AND s.clientId <> '${FIRST_PARTY}'` : 'true', {
        clientId,
      })
      .orderBy('s.id')
      .limit(size)
      .getMany();
  }

  /**
   * Ends those of some sessions that are meant. In the order of the ids: two such runs do not wait for each other. What
   * is locked is looked up as an array: joined to it, each row could be looked for among all, where the planner expects
   * few.
   */
  async end(
    manager: EntityManager,
    filter: SweepFilter,
    { ids, reason }: { readonly ids: readonly string[]; readonly reason: string },
  ): Promise<EndedSession[]> {
    if (ids.length === 0) return [];
    // Raw: locks in the order of the ids, updates and returns in one statement.
    const [rows]: [EndedSession[], number] = await manager.query(
      `WITH meant AS (
         SELECT s.id FROM sessions s WHERE s.id = ANY ($8::uuid[]) AND ${MEANT} ORDER BY s.id FOR UPDATE)
       UPDATE sessions s SET revoked_at = $1, revoked_reason = $9
        WHERE s.id = ANY (ARRAY(SELECT id FROM meant)) AND s.revoked_at IS NULL
       RETURNING s.id, s.last_used_at AS "lastUsedAt"`,
      [...values(filter), ids, reason],
    );
    return rows;
  }
}

function values({ now, openedBefore, userId, clientId, addresses, rotated }: SweepFilter): unknown[] {
  return [now, openedBefore, userId, clientId, addresses, rotated?.from ?? null, rotated?.to ?? null];
}
