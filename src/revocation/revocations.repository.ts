import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LiveRevocation } from './revocation.set.js';
import type { RevocationKind } from './revocation.entity.js';

/** A point in the history of the table up to which everything has been read. */
export type Horizon = string;

interface Row {
  readonly id: string | null;
  readonly kind: RevocationKind;
  readonly subject: string;
  readonly cutoff: Date;
  readonly min_version: number | null;
  readonly soft: boolean;
  readonly reason: string;
  readonly actor: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly horizon: Horizon;
}

/** Every statement on `revocations`. */
@Injectable()
export class RevocationsRepository {
  async insert(manager: EntityManager, revocations: readonly LiveRevocation[]): Promise<void> {
    if (revocations.length === 0) return;
    await manager.query(
      `INSERT INTO revocations (id, kind, subject, cutoff, min_version, soft, reason, actor, created_at, expires_at)
       SELECT id, kind, subject, to_timestamp(cutoff / 1000.0), "minVersion", soft, reason, actor,
              to_timestamp("createdAt" / 1000.0), to_timestamp("expiresAt" / 1000.0)
         FROM json_to_recordset($1) AS row (id uuid, kind text, subject text, cutoff bigint, "minVersion" integer,
              soft boolean, reason text, actor text, "createdAt" bigint, "expiresAt" bigint)`,
      [JSON.stringify(revocations)],
    );
  }

  /**
   * The live rows written since a horizon, or all of them, and the horizon to ask from next time.
   *
   * Sequence numbers are given out before the commit, so that a row may appear behind a higher one that was read
   * already. The horizon is therefore the oldest transaction still running at the time of reading: whatever was
   * invisible then has that id or a later one. Rows near the horizon are read more than once, which does no harm.
   */
  async readSince(
    manager: EntityManager,
    since: Horizon | undefined,
    now: Date,
  ): Promise<{ rows: LiveRevocation[]; horizon: Horizon }> {
    const rows: Row[] = await manager.query(
      `SELECT r.id, r.kind, r.subject, r.cutoff, r.min_version, r.soft, r.reason, r.actor, r.created_at, r.expires_at,
              h.horizon::text AS horizon
         FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) h
         LEFT JOIN revocations r ON r.expires_at > $2 AND r.transaction_id >= $1::text::xid8`,
      [since ?? '0', now],
    );
    return {
      rows: rows.filter(({ id }) => id !== null).map(toLive),
      horizon: rows[0]?.horizon ?? since ?? '0',
    };
  }

  /** Deletes at most `limit` rows whose tokens have all expired, and returns how many. */
  async deleteExpired(manager: EntityManager, now: Date, limit: number): Promise<number> {
    const [, count]: [unknown, number] = await manager.query(
      `DELETE FROM revocations WHERE seq IN (
         SELECT seq FROM revocations WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [now, limit],
    );
    return count;
  }
}

function toLive(row: Row): LiveRevocation {
  return {
    id: row.id ?? '',
    kind: row.kind,
    subject: row.subject,
    cutoff: row.cutoff.getTime(),
    minVersion: row.min_version,
    soft: row.soft,
    reason: row.reason,
    actor: row.actor,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
  };
}
