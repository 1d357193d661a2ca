import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { KeyTimes } from './key-rotation.policy.js';
import type { KeyRow } from './key-row.js';

/** The advisory lock under which instances decide about keys, one after another. */
const KEYS_LOCK = 0x6b657973;

type TimeColumn = 'createdAt' | 'activeFrom' | 'activeUntil' | 'verifyUntil' | 'compromisedAt';
type RawRow = Omit<KeyRow, TimeColumn> & Record<TimeColumn, Date | null>;

/** Every statement on `signing_keys`. */
@Injectable()
export class SigningKeysRepository {
  /** Waits until no other instance decides about keys; until the transaction ends. */
  async lock(manager: EntityManager): Promise<void> {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [KEYS_LOCK]);
  }

  /** Every key, oldest first. */
  async all(manager: EntityManager): Promise<KeyRow[]> {
    const rows: RawRow[] = await manager.query(
      `SELECT kid, algorithm, source, public_key AS "publicKey", private_key AS "privateKey",
              wrapped_by AS "wrappedBy", created_at AS "createdAt", active_from AS "activeFrom",
              active_until AS "activeUntil", verify_until AS "verifyUntil", compromised_at AS "compromisedAt"
         FROM signing_keys ORDER BY active_from, created_at, kid`,
    );
    return rows.map((row) => ({
      ...row,
      createdAt: row.createdAt?.getTime() ?? 0,
      activeFrom: row.activeFrom?.getTime() ?? 0,
      activeUntil: row.activeUntil?.getTime() ?? null,
      verifyUntil: row.verifyUntil?.getTime() ?? null,
      compromisedAt: row.compromisedAt?.getTime() ?? null,
    }));
  }

  async insert(manager: EntityManager, row: KeyRow): Promise<void> {
    await manager.query(
      `INSERT INTO signing_keys (kid, algorithm, source, public_key, private_key, wrapped_by, created_at, active_from)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        row.kid,
        row.algorithm,
        row.source,
        row.publicKey,
        row.privateKey,
        row.wrappedBy,
        new Date(row.createdAt),
        new Date(row.activeFrom),
      ],
    );
  }

  async setTimes(manager: EntityManager, kid: string, times: KeyTimes): Promise<void> {
    await manager.query(
      `UPDATE signing_keys SET active_from = $2, active_until = $3, verify_until = $4, compromised_at = $5
        WHERE kid = $1`,
      [
        kid,
        date(times.activeFrom),
        date(times.activeUntil),
        date(times.verifyUntil),
        date(times.compromisedAt),
      ],
    );
  }

  /** Replaces the encrypted private key, where it is still wrapped as it was. */
  async rewrap(
    manager: EntityManager,
    kid: string,
    change: { readonly from: string; readonly to: string; readonly privateKey: Buffer },
  ): Promise<void> {
    await manager.query(
      'UPDATE signing_keys SET private_key = $4, wrapped_by = $3 WHERE kid = $1 AND wrapped_by = $2',
      [kid, change.from, change.to, change.privateKey],
    );
  }

  /** Deletes keys of which no token is left, and those that never signed one. */
  async delete(manager: EntityManager, kids: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM signing_keys WHERE kid = ANY($1)', [kids]);
  }
}

function date(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}
