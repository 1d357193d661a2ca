import { Injectable } from '@nestjs/common';
import { IsNull, Not, type EntityManager } from 'typeorm';
import { AuditSealRow } from './audit-seal.entity.js';
import { CHAIN_START, type ChainEnd, type Seal } from './audit-seal.js';

/** The advisory lock for writing to the chain: any constant that nothing else in the database uses. */
export const CHAIN_LOCK = 0x6c6b6175;

interface Row {
  readonly number: string;
  readonly era: number;
  readonly from: string;
  readonly to: string;
  readonly month: string | null;
  readonly eventIds: string[];
  readonly eventsHash: Buffer;
  readonly droppedThrough: string | null;
  readonly droppedHash: Buffer | null;
  readonly droppedBefore: string | null;
  readonly previousHash: Buffer;
  readonly createdAt: Date;
  readonly hash: Buffer;
  readonly signature: Buffer;
  readonly signedBy: string;
}

const SEAL = `
  number, era, from_transaction::text AS "from", to_transaction::text AS "to", month, event_ids AS "eventIds",
  events_hash AS "eventsHash", dropped_through AS "droppedThrough", dropped_hash AS "droppedHash",
  dropped_before AS "droppedBefore", previous_hash AS "previousHash", created_at AS "createdAt", hash, signature,
  signed_by AS "signedBy"`;

/** The statements on `audit_seals`. */
@Injectable()
export class AuditSealsRepository {
  /** Takes the right to write to the chain until the transaction ends. Never waits. @returns whether it was free */
  async tryLock(manager: EntityManager): Promise<boolean> {
    // Raw: an advisory lock, which belongs to no table.
    const rows: Array<{ locked: boolean }> = await manager.query(
      'SELECT pg_try_advisory_xact_lock($1) AS locked',
      [CHAIN_LOCK],
    );
    return rows[0]?.locked ?? false;
  }

  /** The last seal, and the oldest running transaction: no event can appear before that one any more. */
  async end(manager: EntityManager): Promise<{ end: ChainEnd; horizon: string }> {
    // Raw: the last seal and the snapshot in one moment.
    const rows: Array<Omit<Row, 'number'> & { number: string | null; horizon: string }> = await manager.query(
      `SELECT s.number, s.hash, s.era, s.from_transaction::text AS "from", s.to_transaction::text AS "to",
              pg_snapshot_xmin(pg_current_snapshot())::text AS horizon
         FROM (VALUES (1)) AS one
         LEFT JOIN (SELECT * FROM audit_seals ORDER BY number DESC LIMIT 1) s ON true`,
    );
    const row = rows[0];
    if (!row) throw new Error('a query without a row');
    if (row.number === null) return { end: CHAIN_START, horizon: row.horizon };
    const { number, hash, era, from, to, horizon } = row;
    return { end: { number: Number(number), hash, era, from, to }, horizon };
  }

  async insert(manager: EntityManager, seal: Seal): Promise<void> {
    // Raw: two columns are of the type xid8.
    await manager.query(
      `INSERT INTO audit_seals (number, era, from_transaction, to_transaction, month, event_count, event_ids,
                                events_hash, dropped_through, dropped_hash, dropped_before, previous_hash, created_at,
                                hash, signature, signed_by)
       VALUES ($1, $2, $3::text::xid8, $4::text::xid8, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
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
        seal.previousHash,
        seal.createdAt,
        seal.hash,
        seal.signature,
        seal.signedBy,
      ],
    );
  }

  async page(manager: EntityManager, after: number, limit: number): Promise<Seal[]> {
    // Raw: two columns are of the type xid8.
    const rows: Row[] = await manager.query(
      `SELECT ${SEAL} FROM audit_seals WHERE number > $1 ORDER BY number LIMIT $2`,
      [after, limit],
    );
    return rows.map(toSeal);
  }

  /** The newest record of a drop by retention. */
  async lastDropped(manager: EntityManager): Promise<Seal['dropped']> {
    const seal = await manager.findOne(AuditSealRow, {
      where: { droppedThrough: Not(IsNull()) },
      order: { number: 'DESC' },
    });
    return seal && droppedOf(seal);
  }

  /** The first seal over a month that is kept, or that was made after a time. */
  async firstToKeep(manager: EntityManager, month: string, madeAfter: Date): Promise<Seal | undefined> {
    // Raw: two columns are of the type xid8.
    const rows: Row[] = await manager.query(
      `SELECT ${SEAL} FROM audit_seals WHERE month >= $1 OR created_at >= $2 ORDER BY number LIMIT 1`,
      [month, madeAfter],
    );
    return rows[0] && toSeal(rows[0]);
  }

  /** Deletes at most `limit` seals that retention dropped, and returns how many. */
  async deleteDropped(manager: EntityManager, limit: number): Promise<number> {
    // Raw: SKIP LOCKED in a bounded delete.
    const [, count]: [unknown, number] = await manager.query(
      `DELETE FROM audit_seals WHERE number IN (
         SELECT number FROM audit_seals
          WHERE number <= (SELECT dropped_through FROM audit_seals WHERE dropped_through IS NOT NULL
                            ORDER BY number DESC LIMIT 1)
          ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return count;
  }

  /** When each key last signed a seal, among the seals after a number. */
  async lastUseOfKeys(manager: EntityManager, after: number): Promise<ReadonlyMap<string, Date>> {
    const rows: Array<{ signedBy: string; at: Date }> = await manager
      .createQueryBuilder(AuditSealRow, 's')
      .select('s.signedBy', 'signedBy')
      .addSelect('max(s.createdAt)', 'at')
      .where('s.number > :after', { after })
      .groupBy('s.signedBy')
      .getRawMany();
    return new Map(rows.map(({ signedBy, at }) => [signedBy, at]));
  }
}

function toSeal({ droppedThrough, droppedHash, droppedBefore, ...row }: Row): Seal {
  return {
    ...row,
    number: Number(row.number),
    dropped: droppedOf({ droppedThrough, droppedHash, droppedBefore }),
  };
}

function droppedOf({
  droppedThrough,
  droppedHash,
  droppedBefore,
}: Pick<Row, 'droppedThrough' | 'droppedHash' | 'droppedBefore'>): Seal['dropped'] {
  if (droppedThrough === null || droppedHash === null || droppedBefore === null) return null;
  return { through: Number(droppedThrough), hash: droppedHash, before: droppedBefore };
}
