import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { FIRST_PARTY } from '../access/principal.js';
import { Session } from './session.entity.js';
import type { SweepFilter, SweepSummary, SweepExample, PagedSession, EndedSession } from './sweep-records.js';

/** The condition of a sweep on `s`, with the parameters $1 to $7 of {@link values}. */
const MATCHES_FILTER = `
  s.revoked_at IS NULL AND s.expires_at > $1 AND s.created_at < $2
  AND ($3::uuid IS NULL OR s.user_id = $3) AND ($4::text IS NULL OR s.client_id = $4)
  AND ($5::text[] IS NULL OR s.ip = ANY ($5))
  AND ($6::timestamptz IS NULL OR s.rotated_at >= $6) AND ($7::timestamptz IS NULL OR s.rotated_at < $7)`;

/** The statements on sessions of many users, a page of the table at a time. */
@Injectable()
export class SweptSessionsRepository {
  /** Counts the sessions that meet the filter. Takes time in proportion to the table. */
  async summary(manager: EntityManager, filter: SweepFilter, usedSince: Date): Promise<SweepSummary> {
    // Raw: aggregates with filters, by the condition that all sweeps share.
    const rows: SweepSummary[] = await manager.query(
      `SELECT count(*)::int AS sessions, count(DISTINCT s.user_id)::int AS users,
              (count(*) FILTER (WHERE s.last_used_at > $8))::int AS "usedLately",
              min(s.created_at) AS "openedFirst", max(s.created_at) AS "openedLast"
         FROM sessions s WHERE ${MATCHES_FILTER}`,
      [...values(filter), usedSince],
    );
    return rows[0] as SweepSummary;
  }

  /** The oldest few sessions that meet the filter. */
  async examples(manager: EntityManager, filter: SweepFilter, limit: number): Promise<SweepExample[]> {
    // Raw: by the condition that all sweeps share.
    return manager.query(
      `SELECT s.id, s.user_id AS "userId", s.client_id AS "clientId", s.created_at AS "createdAt", s.ip
         FROM sessions s WHERE ${MATCHES_FILTER} ORDER BY s.id LIMIT $8`,
      [...values(filter), limit],
    );
  }

  /** Every address that a live session was opened from. A proxy may have sent a text that is no address. */
  async addresses(manager: EntityManager, now: Date): Promise<string[]> {
    const rows: Array<{ ip: string }> = await manager
      .createQueryBuilder(Session, 's')
      .select('DISTINCT s.ip', 'ip')
      .where('s.revokedAt IS NULL AND s.expiresAt > :now AND s.ip IS NOT NULL', { now })
      .getRawMany();
    return rows.map(({ ip }) => ip);
  }

  /**
   * The next sessions of the table, or of a client, whether or not they meet a filter: a statement that looked for a page
   * of matches could read the whole table. Empty at the end. Sessions of clients are few and have an index.
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
   * Ends the sessions among `ids` that meet the filter, in the order of the ids, so that two sweeps do not deadlock. The
   * locked ids are passed on as an array: with a join the planner expects few rows and may scan all of them for each.
   */
  async end(
    manager: EntityManager,
    filter: SweepFilter,
    { ids, reason }: { readonly ids: readonly string[]; readonly reason: string },
  ): Promise<EndedSession[]> {
    if (ids.length === 0) return [];
    // Raw: locks in the order of the ids, updates and returns in one statement.
    const [rows]: [EndedSession[], number] = await manager.query(
      `WITH matching AS (
         SELECT s.id FROM sessions s WHERE s.id = ANY ($8::uuid[]) AND ${MATCHES_FILTER} ORDER BY s.id FOR UPDATE)
       UPDATE sessions s SET revoked_at = $1, revoked_reason = $9
        WHERE s.id = ANY (ARRAY(SELECT id FROM matching)) AND s.revoked_at IS NULL
       RETURNING s.id, s.last_used_at AS "lastUsedAt"`,
      [...values(filter), ids, reason],
    );
    return rows;
  }
}

function values({ now, openedBefore, userId, clientId, addresses, rotated }: SweepFilter): unknown[] {
  return [now, openedBefore, userId, clientId, addresses, rotated?.from ?? null, rotated?.to ?? null];
}
