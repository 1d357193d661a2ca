import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import type { KeyTimes } from './key-rotation.policy.js';
import type { KeyRow, StoredKeyRow } from './key-row.js';
import { SigningKeyRow } from './signing-key.entity.js';

/** The advisory lock that serialises changes of the keys across instances. */
const KEYS_LOCK = 0x6b657973;

/** The statements on `signing_keys`. Each method takes part in the caller's transaction. */
@Injectable()
export class SigningKeysRepository {
  /** Waits for the lock on changes of the keys, and holds it until the transaction ends. */
  async lock(manager: EntityManager): Promise<void> {
    // Raw: an advisory lock, which belongs to no table.
    await manager.query('SELECT pg_advisory_xact_lock($1)', [KEYS_LOCK]);
  }

  /** Every row, oldest first, authentic or not. */
  async all(manager: EntityManager): Promise<StoredKeyRow[]> {
    const rows = await manager.find(SigningKeyRow, {
      order: { activeFrom: 'ASC', createdAt: 'ASC', kid: 'ASC' },
    });
    return rows.map((row) => ({
      ...row,
      createdAt: row.createdAt.getTime(),
      activeFrom: row.activeFrom.getTime(),
      activeUntil: row.activeUntil?.getTime() ?? null,
      verifyUntil: row.verifyUntil?.getTime() ?? null,
      compromisedAt: row.compromisedAt?.getTime() ?? null,
    }));
  }

  /** Inserts a row, or replaces the row of the same `kid`. */
  async put(manager: EntityManager, row: KeyRow, mac: Buffer): Promise<void> {
    const values = { ...row, ...datesOf(row), createdAt: new Date(row.createdAt), mac };
    await manager.upsert(SigningKeyRow, values, ['kid']);
  }

  /** Sets the times of a row with the authentication code of the row that has these times. */
  async setTimes(manager: EntityManager, row: KeyRow, mac: Buffer): Promise<void> {
    await manager.update(SigningKeyRow, { kid: row.kid }, { ...datesOf(row), mac });
  }

  /** Replaces the encrypted private key and the authentication code. */
  async renew(manager: EntityManager, { kid, privateKey, wrappedBy }: KeyRow, mac: Buffer): Promise<void> {
    await manager.update(SigningKeyRow, { kid }, { privateKey, wrappedBy, mac });
  }

  /** Deletes keys whose tokens have all expired, and those that never signed one. */
  async delete(manager: EntityManager, kids: readonly string[]): Promise<void> {
    if (kids.length > 0) await manager.delete(SigningKeyRow, { kid: In([...kids]) });
  }
}

function datesOf({ activeFrom, activeUntil, verifyUntil, compromisedAt }: KeyTimes) {
  return {
    activeFrom: new Date(activeFrom),
    activeUntil: dateOf(activeUntil),
    verifyUntil: dateOf(verifyUntil),
    compromisedAt: dateOf(compromisedAt),
  };
}

function dateOf(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}
