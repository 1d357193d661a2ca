import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Clock } from '../kernel/clock.js';

/** SQLSTATE disk_full. */
const DISK_FULL = '53100';
/** How long after such an error the database counts as full: then a request tries again. Milliseconds. */
const FULL_MS = 10_000;

/** Knows whether the database takes writes. */
@Injectable()
export class DatabaseWrites {
  private fullUntil = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Remembers an error that a full disk caused; every other error is ignored. */
  note(error: unknown): void {
    const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } };
    if (code === DISK_FULL || driverError?.code === DISK_FULL) this.fullUntil = this.clock.now() + FULL_MS;
  }

  /** Why the database takes no writes; undefined where it does. @throws the database's error */
  async fault(): Promise<string | undefined> {
    // Raw: the state of the server and of the session, which belong to no table.
    const [row]: Array<{ standby: boolean; readOnly: boolean }> = await this.dataSource.query(
      `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') = 'on' AS "readOnly"`,
    );
    if (row?.standby || row?.readOnly) {
      await this.reconnect();
      return row.standby ? 'the database is a standby' : 'the database is read-only';
    }
    return this.clock.now() < this.fullUntil ? 'the disk of the database is full' : undefined;
  }

  /** Closes idle connections: after a failover they lead to the former primary, and new ones to the present. */
  private async reconnect(): Promise<void> {
    const { master } = this.dataSource.driver as unknown as { master: Pool };
    const idle = await Promise.all(Array.from({ length: master.idleCount }, () => master.connect()));
    for (const client of idle) client.release(true);
  }
}
