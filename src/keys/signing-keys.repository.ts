import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import type { KeyTimes } from './key-rotation.policy.js';
import type { KeyRow } from './key-row.js';
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

  /** Every key, oldest first. */
  async all(manager: EntityManager): Promise<KeyRow[]> {
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

  async insert(manager: EntityManager, row: KeyRow): Promise<void> {
    await manager.insert(SigningKeyRow, {
      ...row,
      ...datesOf(row),
      createdAt: new Date(row.createdAt),
    });
  }

  async setTimes(manager: EntityManager, kid: string, times: KeyTimes): Promise<void> {
    await manager.update(SigningKeyRow, { kid }, datesOf(times));
  }

  /** Replaces the encrypted private key, unless another instance has replaced it meanwhile. */
  async rewrap(
    manager: EntityManager,
    kid: string,
    change: { readonly from: string; readonly to: string; readonly privateKey: Buffer },
  ): Promise<void> {
    const { from, to, privateKey } = change;
    await manager.update(SigningKeyRow, { kid, wrappedBy: from }, { privateKey, wrappedBy: to });
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
