import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/**
 * How long a statement may wait for a lock on the table while other statements queue behind it. PostgreSQL detaches
 * without a lock only where there is no default partition, and the default partition is there so that no insert fails.
 */
const LOCK_TIMEOUT = '50ms';

/**
 * The statements on the partitions of `audit_events`: one a month (`2026-01`), and the default one for all other times.
 * Raw: TypeORM does not know partitions; they are made, attached and dropped while the service runs.
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

  /** Keeps months from being dropped or attached while the transaction reads. Writers go on. */
  async lockForReading(manager: EntityManager): Promise<void> {
    await manager.query('LOCK TABLE audit_events IN ACCESS SHARE MODE');
  }

  /** Bounds waits for locks for the rest of the transaction. */
  async limitWaiting(manager: EntityManager): Promise<void> {
    await manager.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  }

  /** Makes a table of the same form, which is no partition until it is attached. */
  async create(manager: EntityManager, month: string): Promise<void> {
    await manager.query(`CREATE TABLE ${tableOf(month)} (LIKE audit_events INCLUDING ALL)`);
  }

  /** Moves events that came before their month's partition existed into it. */
  async adoptStrays(manager: EntityManager, month: string, until: string): Promise<void> {
    await manager.query(
      `WITH stray AS (DELETE FROM audit_events_default WHERE created_at >= $1 AND created_at < $2 RETURNING *)
       INSERT INTO ${tableOf(month)} SELECT * FROM stray`,
      [startOf(month), startOf(until)],
    );
  }

  /** Attaches the table. Unlike CREATE TABLE … PARTITION OF this does not lock the parent table against writers. */
  async attach(manager: EntityManager, month: string, until: string): Promise<void> {
    await manager.query(
      `ALTER TABLE audit_events ATTACH PARTITION ${tableOf(month)}
         FOR VALUES FROM ('${startOf(month)}') TO ('${startOf(until)}')`,
    );
  }

  async drop(manager: EntityManager, month: string): Promise<void> {
    await manager.query(`DROP TABLE ${tableOf(month)}`);
  }

  /** Deletes old rows of the default partition, which holds only events of wrong clocks. */
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
