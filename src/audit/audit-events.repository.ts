import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lowestIdOf } from '../platform/kernel/ids.js';
import type { TransactionRange } from '../seals/seal.js';
import type { AuditEvent, PlacedEvent, SignedEvent } from './audit-event.js';
import { AuditEventRow } from './audit-event.entity.js';

export interface AuditEventsQuery {
  readonly limit: number;
  /** The last id of the page before. */
  readonly after?: string | undefined;
  readonly actor?: string | undefined;
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  /** Older events are left out. */
  readonly since?: Date | undefined;
}

/** Which events to read, in the order of the log. */
export interface EventsAt {
  readonly era: number;
  readonly from: string;
  /** Exclusive; without an end where undefined. */
  readonly to: string | undefined;
  readonly limit?: number;
}

const EVENT = `
  id, created_at AS "createdAt", action, actor, subject_kind AS "subjectKind", subject, session_id AS "sessionId", ip,
  user_agent AS "userAgent", request_id AS "requestId", details`;
const PLACED = `${EVENT}, signature, signed_by AS "signedBy", era, transaction_id::text AS "transactionId"`;

/** The statements on `audit_events`, but for those on its partitions. */
@Injectable()
export class AuditEventsRepository {
  /**
   * The era goes up by one where the server numbers this transaction lower than the sealed ones: the database was restored
   * from a dump. In every other case a running transaction is above the seals.
   */
  async insert(manager: EntityManager, event: SignedEvent): Promise<void> {
    // Raw: the era is decided by the last seal, in the statement.
    await manager.query(
      `INSERT INTO audit_events (id, created_at, action, actor, subject_kind, subject, session_id, ip, user_agent,
                                 request_id, details, signature, signed_by, era)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
               coalesce((SELECT era + (pg_current_xact_id() < to_transaction)::integer
                           FROM audit_seals ORDER BY number DESC LIMIT 1), 0))`,
      [
        event.id,
        event.createdAt,
        event.action,
        event.actor,
        event.subjectKind,
        event.subject,
        event.sessionId,
        event.ip,
        event.userAgent,
        event.requestId,
        event.details && JSON.stringify(event.details),
        event.signature,
        event.signedBy,
      ],
    );
  }

  /** Newest first. An id carries its event's time and the index is by id, so `since` bounds the read. */
  async list(manager: EntityManager, query: AuditEventsQuery): Promise<AuditEvent[]> {
    const { limit, after, actor, subject, action, since } = query;
    const events = manager.createQueryBuilder(AuditEventRow, 'e').orderBy('e.id', 'DESC').limit(limit);
    if (after !== undefined) events.andWhere('e.id < :after', { after });
    if (actor !== undefined) events.andWhere('e.actor = :actor', { actor });
    if (subject !== undefined) events.andWhere('e.subject = :subject', { subject });
    if (action !== undefined) events.andWhere('e.action = :action', { action });
    if (since !== undefined) {
      const lowest = lowestIdOf(since.getTime());
      events.andWhere('e.createdAt >= :since AND e.id >= :lowest', { since, lowest });
    }
    return events.getMany();
  }

  /**
   * Whether there is an event after the end of the chain. The sealer asks every second, so the statement reads one index
   * entry a month: for "events above the seal" PostgreSQL expects many rows and reads them all.
   */
  async hasUnsealed(
    manager: EntityManager,
    { era, to }: Pick<TransactionRange, 'era' | 'to'>,
  ): Promise<boolean> {
    // Raw: compares positions of the type xid8.
    const rows: Array<{ found: boolean }> = await manager.query(
      `SELECT (e.era, e.transaction_id) >= ($1::integer, $2::text::xid8) AS found
         FROM (SELECT era, transaction_id FROM audit_events
                ORDER BY era DESC, transaction_id DESC, id DESC, created_at DESC LIMIT 1) e`,
      [era, to],
    );
    return rows[0]?.found ?? false;
  }

  /** The oldest transaction that is running: no event can appear before it any more. */
  async horizon(manager: EntityManager): Promise<string> {
    // Raw: asks for the snapshot, which belongs to no table.
    const rows: Array<{ horizon: string }> = await manager.query(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon',
    );
    return rows[0]?.horizon ?? '0';
  }

  /** The id of an event that is in the table twice, which only an intruder without constraints can do. */
  async repeatedId(manager: EntityManager): Promise<string | undefined> {
    const row = await manager
      .createQueryBuilder(AuditEventRow, 'e')
      .select('e.id', 'id')
      .groupBy('e.id')
      .having('count(*) > 1')
      .limit(1)
      .getRawOne<{ id: string }>();
    return row?.id;
  }

  /** The events of a range of transactions, in the order of the log. */
  async inRange(manager: EntityManager, { era, from, to, limit }: EventsAt): Promise<PlacedEvent[]> {
    // Raw: the order of the log is by a column of the type xid8.
    return manager.query(
      `SELECT ${PLACED} FROM audit_events
        WHERE era = $1 AND transaction_id >= $2::text::xid8
          AND ($3::text IS NULL OR transaction_id < $3::text::xid8)
        ORDER BY transaction_id, id, created_at LIMIT $4`,
      [era, from, to ?? null, limit ?? null],
    );
  }

  /**
   * Opens a cursor over all events in the order of the log, for {@link next}, within the transaction. With a cursor the
   * planner sorts at most once; with pages it may sort the rest for each page.
   */
  async open(manager: EntityManager): Promise<void> {
    // Raw: a cursor, and how it is planned.
    await manager.query('SET LOCAL cursor_tuple_fraction = 0.0001');
    // Raw: see above.
    await manager.query(
      `DECLARE audit_log NO SCROLL CURSOR FOR SELECT ${PLACED} FROM audit_events
        ORDER BY era, transaction_id, id, created_at`,
    );
  }

  /** The next events of the cursor of {@link open}; empty at the end. */
  async next(manager: EntityManager, count: number): Promise<PlacedEvent[]> {
    // Raw: reads from the cursor.
    return manager.query(`FETCH ${Math.trunc(count)} FROM audit_log`);
  }
}
