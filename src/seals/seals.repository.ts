import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Seal } from './seal.js';
import { toSeal } from './seal-rows.js';

/** The advisory lock for writing to the chain: any constant that nothing else in the database uses. */
export const CHAIN_LOCK = 0x6c6b6175;

const SEAL = `
  number, era, from_transaction::text AS "from", to_transaction::text AS "to", month, event_count AS "eventCount",
  event_ids AS "eventIds", events_hash AS "eventsHash", dropped_through AS "droppedThrough",
  dropped_hash AS "droppedHash", dropped_before AS "droppedBefore", handover_from AS "handoverFrom",
  handover_key AS "handoverKey", handover_signature AS "handoverSignature", previous_hash AS "previousHash",
  created_at AS "createdAt", hash, signature, signed_by AS "signedBy"`;

/**
 * The statements on `audit_seals`. Reads throw AuditFaultFound for a row that this service cannot have written.
 * Raw: two columns are of the type xid8, which TypeORM does not know.
 */
@Injectable()
export class SealsRepository {
  /** Takes the right to write to the chain until the transaction ends. Never waits. @returns whether it was free */
  async tryLock(manager: EntityManager): Promise<boolean> {
    const rows: Array<{ locked: boolean }> = await manager.query(
      'SELECT pg_try_advisory_xact_lock($1) AS locked',
      [CHAIN_LOCK],
    );
    return rows[0]?.locked ?? false;
  }

  /** Waits for the right to write to the chain, and holds it until the transaction ends. */
  async lock(manager: EntityManager): Promise<void> {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [CHAIN_LOCK]);
  }

  async insert(manager: EntityManager, seal: Seal): Promise<void> {
    await manager.query(
      `INSERT INTO audit_seals (number, era, from_transaction, to_transaction, month, event_count, event_ids,
                                events_hash, dropped_through, dropped_hash, dropped_before, handover_from, handover_key,
                                handover_signature, previous_hash, created_at, hash, signature, signed_by)
       VALUES ($1, $2, $3::text::xid8, $4::text::xid8, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
               $19)`,
      [
        seal.number,
        seal.era,
        seal.from,
        seal.to,
        seal.month,
        seal.eventIds.length,
        seal.eventIds,
        seal.eventsHash,
        seal.dropped?.through ?? null,
        seal.dropped?.hash ?? null,
        seal.dropped?.before ?? null,
        seal.handover?.from ?? null,
        seal.handover?.wrappedKey ?? null,
        seal.formerSignature,
        seal.previousHash,
        seal.createdAt,
        seal.hash,
        seal.signature,
        seal.signedBy,
      ],
    );
  }

  /** The last seal of the table, unchecked; undefined where there is none. */
  async last(manager: EntityManager): Promise<Seal | undefined> {
    return this.first(manager, 'ORDER BY number DESC LIMIT 1');
  }

  /** The seals from a number on. */
  async page(manager: EntityManager, from: number, limit: number): Promise<Seal[]> {
    const rows: unknown[] = await manager.query(
      `SELECT ${SEAL} FROM audit_seals WHERE number >= $1 ORDER BY number LIMIT $2`,
      [from, limit],
    );
    return rows.map(toSeal);
  }

  /**
   * Opens a cursor over every seal by number, for {@link next}, within the transaction. Pages by number would pass over rows
   * that share a number, which an intruder can add.
   */
  async open(manager: EntityManager): Promise<void> {
    await manager.query(
      `DECLARE audit_chain NO SCROLL CURSOR FOR SELECT ${SEAL} FROM audit_seals ORDER BY number, hash`,
    );
  }

  /** The next seals of the cursor of {@link open}; empty at the end. */
  async next(manager: EntityManager, count: number): Promise<Seal[]> {
    const rows: unknown[] = await manager.query(`FETCH ${Math.trunc(count)} FROM audit_chain`);
    return rows.map(toSeal);
  }

  /** The newest record of a drop by retention. */
  async lastDrop(manager: EntityManager): Promise<Seal | undefined> {
    return this.first(manager, 'WHERE dropped_through IS NOT NULL ORDER BY number DESC LIMIT 1');
  }

  /** Every record of a change of keys, oldest first. */
  async handovers(manager: EntityManager): Promise<Seal[]> {
    const rows: unknown[] = await manager.query(
      `SELECT ${SEAL} FROM audit_seals WHERE handover_from IS NOT NULL ORDER BY number`,
    );
    return rows.map(toSeal);
  }

  /** The first seal over a month that is kept, or that was made after a time. */
  async firstToKeep(manager: EntityManager, month: string, madeAfter: Date): Promise<Seal | undefined> {
    return this.first(manager, 'WHERE month >= $1 OR created_at >= $2 ORDER BY number LIMIT 1', [
      month,
      madeAfter,
    ]);
  }

  /** Whether a key signed a seal. Reads the whole table where it signed none. */
  async isSignedBy(manager: EntityManager, key: string): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT 1 FROM audit_seals WHERE signed_by = $1 LIMIT 1', [
      key,
    ]);
    return rows.length > 0;
  }

  /**
   * Deletes at most `limit` seals up to a number, and returns how many. Records of a change of keys stay: they hold the keys
   * that signed events of kept months.
   */
  async deleteThrough(manager: EntityManager, through: number, limit: number): Promise<number> {
    const [, count]: [unknown, number] = await manager.query(
      `WITH old AS MATERIALIZED (
         SELECT number FROM audit_seals WHERE number <= $1 AND handover_from IS NULL
          ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED)
       DELETE FROM audit_seals WHERE number IN (SELECT number FROM old)`,
      [through, limit],
    );
    return count;
  }

  private async first(
    manager: EntityManager,
    rest: string,
    parameters: readonly unknown[] = [],
  ): Promise<Seal | undefined> {
    const rows: unknown[] = await manager.query(`SELECT ${SEAL} FROM audit_seals ${rest}`, [...parameters]);
    return rows[0] === undefined ? undefined : toSeal(rows[0]);
  }
}
