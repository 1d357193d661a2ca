import { Injectable } from '@nestjs/common';
import { IsNull, MoreThan, type EntityManager } from 'typeorm';
import { Session } from './session.entity.js';
import type {
  SessionGrant,
  SessionRow,
  SessionSummary,
  SessionsPage,
  NewSession,
  OpenedSession,
  Presented,
  Rotation,
} from './session-records.js';

const GRANT = `
  s.id, s.user_id AS "userId", s.client_id AS "clientId", s.audience, s.requested_scope AS "requestedScope", s.generation,
  s.refresh_token_id AS "refreshTokenId", s.rotated_at AS "rotatedAt", s.idle_expires_at AS "idleExpiresAt",
  s.persistent, u.permission_version AS "permissionVersion", u.password_change_required AS "passwordChangeRequired",
  ARRAY(SELECT DISTINCT unnest(r.scopes) FROM user_roles ur JOIN roles r ON r.name = ur.role
         WHERE ur.user_id = u.id ORDER BY 1) AS scopes`;

/** A rotation consumes the parent; a replacement, which skips a generation, only issues another successor. */
const PARENT_CONSUMED_AT = `
  CASE WHEN s.generation = s.parent_generation + 1 THEN s.rotated_at
       ELSE coalesce(s.parent_consumed_at, s.rotated_at) END`;

/** The statements on single sessions and those of one user. Each method is one statement, in the caller's transaction. */
@Injectable()
export class SessionsRepository {
  /**
   * Opens a session. The caller has locked the user's row, so that status, roles and the number of sessions stay as they
   * are until the transaction ends.
   */
  async insert(manager: EntityManager, session: NewSession): Promise<OpenedSession> {
    // Raw: every login; the row, its scopes and the surplus sessions come back in one round trip.
    const rows: OpenedSession[] = await manager.query(
      `WITH s AS (
         INSERT INTO sessions (id, user_id, client_id, requested_scope, refresh_token_id, rotated_at, idle_expires_at,
                               expires_at, created_at, last_used_at, ip, user_agent, audience, persistent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6, $6, $9, $10, $12, $13) RETURNING *)
       SELECT ${GRANT},
              ARRAY(SELECT o.id FROM sessions o
                     WHERE o.user_id = $2 AND o.revoked_at IS NULL AND o.idle_expires_at > $6
                     ORDER BY o.id DESC OFFSET $11) AS surplus
         FROM s JOIN users u ON u.id = s.user_id`,
      [
        session.id,
        session.userId,
        session.clientId,
        session.requestedScope,
        session.refreshTokenId,
        session.now,
        session.idleExpiresAt,
        session.expiresAt,
        session.ip,
        session.userAgent,
        // The statement does not see its own row.
        session.maxLive - 1,
        session.audience,
        session.persistent,
      ],
    );
    return rows[0] as OpenedSession;
  }

  /**
   * The one atomic statement of a refresh, for tokens of any number of sessions: rotates the live generation, or replaces
   * an unused successor. Exactly one of any number of parallel presentations of one token gets a row.
   * @returns a grant for each presented token at its place; undefined where the conditions did not hold ({@link find}
   * says why) or the row was skipped
   */
  async rotate(
    manager: EntityManager,
    presented: readonly Presented[],
    { now, idleExpiresAt, briefIdleExpiresAt, replaceBefore, consumedSince, locked }: Rotation,
  ): Promise<Array<SessionGrant | undefined>> {
    // Raw: the statement is the rotation.
    const [rows]: [Array<SessionGrant & { place: number }>, number] = await manager.query(
      `WITH held AS (
         SELECT id FROM sessions WHERE id = ANY($1) FOR NO KEY UPDATE ${locked === 'skip' ? 'SKIP LOCKED' : ''})
       UPDATE sessions s
          SET generation = s.generation + 1, parent_generation = p.generation, refresh_token_id = p.token_id,
              parent_consumed_at = CASE WHEN s.generation = p.generation THEN NULL ELSE ${PARENT_CONSUMED_AT} END,
              rotated_at = $4, last_used_at = $4, 
              idle_expires_at = least(CASE WHEN s.persistent THEN $5::timestamptz ELSE $8::timestamptz END, s.expires_at)
         FROM unnest($1::uuid[], $2::int[], $3::uuid[]) WITH ORDINALITY AS p (id, generation, token_id, place),
              held, users u
        WHERE s.id = p.id AND s.id = held.id AND s.revoked_at IS NULL AND s.expires_at > $4
          AND (s.generation = p.generation
               OR (s.parent_generation = p.generation AND s.rotated_at < $6 AND ${PARENT_CONSUMED_AT} >= $7))
          AND u.id = s.user_id AND u.status = 'active'
      RETURNING ${GRANT}, p.place::int`,
      [
        presented.map(({ id }) => id),
        presented.map(({ generation }) => generation),
        presented.map(({ refreshTokenId }) => refreshTokenId),
        now,
        idleExpiresAt,
        replaceBefore,
        consumedSince,
        briefIdleExpiresAt,
      ],
    );
    const grants = new Map(rows.map(({ place, ...grant }) => [place, grant]));
    return presented.map((_, index) => grants.get(index + 1));
  }

  /** The session as it is, whatever its state; undefined where there is none. */
  async find(manager: EntityManager, id: string): Promise<SessionRow | undefined> {
    // Raw: every refresh that did not rotate; with what its user may do.
    const rows: SessionRow[] = await manager.query(
      `SELECT ${GRANT}, s.parent_generation AS "parentGeneration", ${PARENT_CONSUMED_AT} AS "parentConsumedAt",
              s.expires_at AS "expiresAt",
              s.revoked_at AS "revokedAt", s.revoked_reason AS "revokedReason", u.status AS "userStatus"
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`,
      [id],
    );
    return rows[0];
  }

  /** A user's live sessions, oldest first. */
  async listLive(
    manager: EntityManager,
    userId: string,
    { now, limit, offset, after }: SessionsPage & { readonly now: Date },
  ): Promise<SessionSummary[]> {
    const rows = await manager.find(Session, {
      select: { id: true, createdAt: true, lastUsedAt: true, idleExpiresAt: true, ip: true, userAgent: true },
      where: { ...liveSessionsOf(userId, now), ...(after !== undefined && { id: MoreThan(after) }) },
      order: { id: 'ASC' },
      take: limit,
      skip: offset,
    });
    return rows.map(({ idleExpiresAt: expiresAt, ...row }) => ({ ...row, expiresAt }));
  }

  async countLive(manager: EntityManager, userId: string, now: Date): Promise<number> {
    return manager.countBy(Session, liveSessionsOf(userId, now));
  }

  /** Ends live sessions of a user and returns their ids: all of them, some, or all but one. */
  async end(
    manager: EntityManager,
    userId: string,
    which: {
      readonly only?: readonly string[];
      readonly except?: string;
      readonly reason: string;
      readonly now: Date;
    },
  ): Promise<string[]> {
    // Raw: an update that returns the rows it ended.
    const [rows]: [Array<{ id: string }>, number] = await manager.query(
      `UPDATE sessions SET revoked_at = $2, revoked_reason = $3
        WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
          AND ($4::uuid[] IS NULL OR id = ANY ($4)) AND ($5::uuid IS NULL OR id <> $5)
      RETURNING id`,
      [userId, which.now, which.reason, which.only ?? null, which.except ?? null],
    );
    return rows.map(({ id }) => id);
  }

  /** Deletes at most `limit` sessions that ended before a time, and returns how many. */
  async deleteExpired(manager: EntityManager, before: Date, limit: number): Promise<number> {
    // Raw: SKIP LOCKED in a bounded delete. A plan may run a subquery again for each row; a materialized one runs once.
    const [, count]: [unknown, number] = await manager.query(
      `WITH old AS MATERIALIZED (
         SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       DELETE FROM sessions WHERE id IN (SELECT id FROM old)`,
      [before, limit],
    );
    return count;
  }
}

function liveSessionsOf(userId: string, now: Date) {
  return { userId, revokedAt: IsNull(), idleExpiresAt: MoreThan(now) };
}
