import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LiveRevocation, RevocationKind } from '@latchkey/token-rules';
import type { Horizon, FeedRow, PlacedRow, NewRow } from './feed-rows.js';
import { Revocation } from './revocation.entity.js';

/** Times in milliseconds since the Unix epoch. */
interface Row {
  readonly id: string | null;
  readonly kind: RevocationKind;
  readonly subject: string;
  readonly cutoff: number;
  readonly min_version: number | null;
  readonly soft: boolean;
  readonly reason: string;
  readonly actor: string | null;
  readonly created_at: number;
  readonly expires_at: number;
}

/** A row before it is known how long it has to last. */
export type NewRevocation = Omit<LiveRevocation, 'cutoff' | 'expiresAt'> & {
  /** Null: the row hits every token until it expires. */
  readonly cutoff: number | null;
};

/** Reads a time as milliseconds since the Unix epoch: a Date costs more than the rest of its row. */
const ms = (column: string): string => `(extract(epoch FROM r.${column}) * 1000)::float8 AS ${column}`;

/** The columns that other services get. */
const FEED_COLUMNS = `r.seq, r.id, r.kind, r.subject, ${ms('cutoff')}, r.min_version, r.soft, r.reason, r.actor,
  ${ms('created_at')}, ${ms('expires_at')}`;

/**
 * The rows that followers may read. A row is settled once every transaction up to its own has ended
 * (`pg_snapshot_xmin`): no row can appear before it any more. A transaction id from the future comes from a database that
 * was restored elsewhere, and is settled too.
 */
const NOW = `now AS MATERIALIZED (
  SELECT pg_snapshot_xmin(s) AS xmin, pg_snapshot_xmax(s) AS xmax FROM pg_current_snapshot() s)`;
const SETTLED = `r.expires_at > $1
  AND (r.transaction_id < (SELECT xmin FROM now) OR r.transaction_id >= (SELECT xmax FROM now))`;

/** The statements on `revocations`. */
@Injectable()
export class RevocationsRepository {
  /**
   * Adds rows that were made at one time. They last until every token issued before has expired.
   * @returns when they expire, in milliseconds since the Unix epoch
   */
  async insert(
    manager: EntityManager,
    revocations: readonly NewRevocation[],
    { ownMs, marginMs }: { readonly ownMs: number; readonly marginMs: number },
  ): Promise<number> {
    const now = revocations[0]?.createdAt ?? 0;
    // Raw: any number of rows in one parameter, and the lifetimes in the same statement.
    const rows: Array<{ expires: number }> = await manager.query(
      `WITH last AS (
         SELECT greatest($2::bigint + $3::bigint,
                         extract(epoch FROM max(least(issued_until, to_timestamp($2::bigint / 1000.0))
                                                + make_interval(secs => seconds))) * 1000)::bigint + $4::bigint AS expires
           FROM access_lifetimes
       ), added AS (
         INSERT INTO revocations (id, kind, subject, cutoff, min_version, soft, reason, actor, created_at, expires_at)
         SELECT id, kind, subject, to_timestamp(coalesce(cutoff, last.expires) / 1000.0), "minVersion", soft, reason,
                actor, to_timestamp("createdAt" / 1000.0), to_timestamp(last.expires / 1000.0)
           FROM last, json_to_recordset($1) AS row (id uuid, kind text, subject text, cutoff bigint,
                "minVersion" integer, soft boolean, reason text, actor text, "createdAt" bigint)
       )
       SELECT expires::float8 AS expires FROM last`,
      [JSON.stringify(revocations), now, ownMs, marginMs],
    );
    return rows[0]?.expires ?? now + ownMs + marginMs;
  }

  /** The horizon from which {@link readSince} misses no row that is not committed yet. */
  async horizon(manager: EntityManager): Promise<Horizon> {
    // Raw: asks for the snapshot, which belongs to no table.
    const rows: Array<{ horizon: Horizon }> = await manager.query(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon',
    );
    return rows[0]?.horizon ?? '0';
  }

  /** The highest `min_version` of the live rows of each of these users. */
  async minVersions(
    manager: EntityManager,
    userIds: readonly string[],
    now: Date,
  ): Promise<ReadonlyMap<string, number>> {
    // Raw: a thousand ids in one parameter.
    const rows: Array<{ subject: string; version: number }> = await manager.query(
      `SELECT subject, max(min_version) AS version FROM revocations
        WHERE kind = 'user' AND subject = ANY ($1) AND min_version IS NOT NULL AND expires_at > $2 GROUP BY subject`,
      [userIds, now],
    );
    return new Map(rows.map(({ subject, version }) => [subject, version]));
  }

  /** The next live rows in the order of the feed, settled or not. */
  async readPage(
    manager: EntityManager,
    page: { readonly after: PlacedRow | undefined; readonly limit: number; readonly now: Date },
  ): Promise<PlacedRow[]> {
    // Raw: the order of the feed is by a column of the type xid8.
    const rows: Array<Row & { seq: string; transactionId: string }> = await manager.query(
      `SELECT ${FEED_COLUMNS}, r.transaction_id::text AS "transactionId" FROM revocations r
        WHERE r.expires_at > $1 AND (r.transaction_id, r.seq) > ($2::text::xid8, $3::bigint)
        ORDER BY r.transaction_id, r.seq LIMIT $4`,
      [page.now, page.after?.transactionId ?? '0', page.after?.seq ?? 0, page.limit],
    );
    return rows.map((row) => ({ ...toFeedRow(row), transactionId: row.transactionId }));
  }

  /**
   * The live rows written since a horizon, and the horizon to ask from next time.
   *
   * Sequence numbers are given out before the commit, so a row may appear behind a higher number that was read already.
   * The horizon is therefore the oldest transaction that was running at the time of the read: every row that was
   * invisible then has that id or a later one. Rows near the horizon are read more than once, which does no harm. The
   * rows come in the order of the feed.
   */
  async readSince(
    manager: EntityManager,
    since: Horizon,
    now: Date,
  ): Promise<{ rows: NewRow[]; horizon: Horizon }> {
    // Raw: the statement is the feed.
    const rows: Array<Row & { seq: string; settled: boolean; horizon: Horizon }> = await manager.query(
      `SELECT ${FEED_COLUMNS}, r.transaction_id < h.horizon AS settled, h.horizon::text AS horizon
         FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) h
         LEFT JOIN revocations r ON r.expires_at > $2 AND r.transaction_id >= $1::text::xid8
        ORDER BY r.transaction_id, r.seq`,
      [since, now],
    );
    return {
      rows: rows.filter(({ id }) => id !== null).map((row) => ({ ...toFeedRow(row), settled: row.settled })),
      horizon: rows[0]?.horizon ?? since,
    };
  }

  /**
   * A page of the feed for followers, who remember the `seq` of the last row they have read and ask for the rows after it.
   *
   * The numbers are not the order of the feed: number 5 may be given out before 6 and be committed after it. Holding back
   * numbers does not help, because a transaction takes its number before it has an id that others could wait for. The
   * order is therefore that of the transactions, and of the numbers within each, and only settled rows are served: a row
   * that is committed later than a served row always stands behind it. `after` names a place in that order and does not
   * bound numbers: of the rows 6, 5 a follower who has read 6 gets 5. Where the row of `after` is missing (it has expired,
   * or the database was restored), the page starts with the oldest live row, because reading a row again does no harm and
   * missing one does. The longest writing transaction delays followers, not our own instances. The index of that order
   * serves each page, however many rows there are.
   */
  async feedPage(
    manager: EntityManager,
    page: { readonly after: number; readonly limit: number; readonly now: Date },
  ): Promise<FeedRow[]> {
    // Raw: the statement is the feed.
    const rows: Array<Row & { seq: string }> = await manager.query(
      `WITH ${NOW},
            place AS MATERIALIZED (SELECT transaction_id, seq FROM revocations
                                    WHERE seq = $2 AND transaction_id < (SELECT xmin FROM now))
       SELECT ${FEED_COLUMNS} FROM revocations r
        WHERE ${SETTLED}
          AND (r.transaction_id, r.seq) > (coalesce((SELECT transaction_id FROM place), '0'::xid8),
                                           coalesce((SELECT seq FROM place), 0))
        ORDER BY r.transaction_id, r.seq LIMIT $3`,
      [page.now, page.after, page.limit],
    );
    return rows.map(toFeedRow);
  }

  /** How many settled rows the feed holds. */
  async countFeed(manager: EntityManager, now: Date): Promise<number> {
    // Raw: the snapshot decides which rows are settled.
    const rows: Array<{ count: number }> = await manager.query(
      `WITH ${NOW} SELECT count(*)::int AS count FROM revocations r WHERE ${SETTLED}`,
      [now],
    );
    return rows[0]?.count ?? 0;
  }

  /** A row by its id, whatever its state. @throws Error where there is none */
  async get(manager: EntityManager, id: string): Promise<FeedRow> {
    const row = await manager.findOneByOrFail(Revocation, { id });
    return {
      ...row,
      seq: Number(row.seq),
      cutoff: row.cutoff.getTime(),
      createdAt: row.createdAt.getTime(),
      expiresAt: row.expiresAt.getTime(),
    };
  }

  /** Deletes at most `limit` rows whose tokens have all expired, and returns how many. */
  async deleteExpired(manager: EntityManager, now: Date, limit: number): Promise<number> {
    // Raw: SKIP LOCKED in a bounded delete. A plan may run a subquery again for each row; a materialized one runs once.
    const [, count]: [unknown, number] = await manager.query(
      `WITH old AS MATERIALIZED (
         SELECT seq FROM revocations WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       DELETE FROM revocations WHERE seq IN (SELECT seq FROM old)`,
      [now, limit],
    );
    return count;
  }
}

function toFeedRow(row: Row & { readonly seq: string }): FeedRow {
  return { seq: Number(row.seq), ...toLive(row) };
}

function toLive(row: Row): LiveRevocation {
  return {
    id: row.id ?? '',
    kind: row.kind,
    subject: row.subject,
    cutoff: row.cutoff,
    minVersion: row.min_version,
    soft: row.soft,
    reason: row.reason,
    actor: row.actor,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
