import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/**
 * How long a statement may wait for a lock on the table, and so keep others waiting behind it. PostgreSQL detaches
 * without any lock only where there is no default partition, and that one is what lets no insert fail.
 */
const LOCK_TIMEOUT = '50ms';

/**
 * Raw: partitions are tables that TypeORM does not know; they are made, attached and dropped while the service runs.
 * Statements on the partitions of `audit_events`: one a month (`2026-01`), and one for what belongs to none.
 */
@Injectable()
export class AuditMonthsRepository {
  /** The months that have a partition, oldest first. */
  async list(manager: EntityManager): Promise<string[]> {
    const rows: Array<{ month: string }> = await manager.query(
      `SELECT replace(right(c.relname, 7), '_', '-') AS month
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit_events'::regclass AND c.relname ~ '^audit_events_\\d{4}_\\d\\d$'
        ORDER BY 1`,
    );
    return rows.map(({ month }) => month);
  }

  async now(manager: EntityManager): Promise<Date> {
    const rows: Array<{ now: Date }> = await manager.query('SELECT now()');
    return rows[0]?.now ?? new Date(0);
  }

  /** Lets nobody drop or attach a month while the transaction reads; writers go on. */
  async lockForReading(manager: EntityManager): Promise<void> {
    await manager.query('LOCK TABLE audit_events IN ACCESS SHARE MODE');
  }

  /** For the rest of the transaction. */
  async limitWaiting(manager: EntityManager): Promise<void> {
    await manager.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  }

  /** A table like the others, which nobody sees until it is attached. */
  async create(manager: EntityManager, month: string): Promise<void> {
    await manager.query(`CREATE TABLE ${tableOf(month)} (LIKE audit_events INCLUDING ALL)`);
  }

  /** Takes over what came before its month was there. */
  async adoptStrays(manager: EntityManager, month: string, until: string): Promise<void> {
    await manager.query(
      `WITH stray AS (DELETE FROM audit_events_default WHERE created_at >= $1 AND created_at < $2 RETURNING *)
       INSERT INTO ${tableOf(month)} SELECT * FROM stray`,
      [startOf(month), startOf(until)],
    );
  }

  /** Unlike CREATE TABLE … PARTITION OF this does not lock the parent table against writers. */
  async attach(manager: EntityManager, month: string, until: string): Promise<void> {
    await manager.query(
      `ALTER TABLE audit_events ATTACH PARTITION ${tableOf(month)}
         FOR VALUES FROM ('${startOf(month)}') TO ('${startOf(until)}')`,
    );
  }

  async drop(manager: EntityManager, month: string): Promise<void> {
    await manager.query(`DROP TABLE ${tableOf(month)}`);
  }

  /** The default partition is empty but for what a clock gone wrong has written. */
  async deleteStrays(manager: EntityManager, before: string): Promise<void> {
    await manager.query('DELETE FROM audit_events_default WHERE created_at < $1', [startOf(before)]);
  }
}

/** Names and bounds of partitions cannot be parameters. */
function tableOf(month: string): string {
  return `audit_events_${checked(month).replace('-', '_')}`;
}

function startOf(month: string): string {
  return `${checked(month)}-01T00:00:00Z`;
}

function checked(month: string): string {
  if (!/^\d{4}-\d{2}$/.test(month)) throw new Error('not a month');
  return month;
}
