import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { monthOf } from './audit-event.js';
import { AuditMonthsRepository } from './audit-months.repository.js';
import { SealChain } from '../seals/seal-chain.js';
import { SealReader } from '../seals/seal-reader.js';
import { recordAt } from '../seals/seal.js';

/** Whole months that are kept beside the current one. */
export const KEEP_MONTHS = 12;
/** Months whose partition exists before they begin. */
const MONTHS_AHEAD = 2;
/** Seals a statement deletes at most, and statements a round. */
const BATCH = 1000;
const BATCHES = 20;
/** How much longer seals stay than their events: they witness the keys that signed around the turn of a month. */
const KEEP_SEALS_MS = 172_800_000;

/**
 * Makes the partitions of coming months and drops those of old months whole. Neither touches a row of a kept month, and
 * neither waits for a lock longer than a moment: a locked month is tried again a minute later.
 */
@Injectable()
export class AuditRetention {
  constructor(
    private readonly months: AuditMonthsRepository,
    private readonly chain: SealChain,
    private readonly seals: SealReader,
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {}

  /** Makes and drops all months that are due. @throws AuditFaultFound before it drops one, where the chain has a fault */
  async upkeep(): Promise<void> {
    const now = this.clock.now();
    await this.createMonths(monthOf(new Date(now)));
    // The earlier of the two clocks: one that runs ahead must not drop a month too soon.
    const databaseNow = await this.months.now(this.manager);
    await this.dropBefore(addMonths(monthOf(new Date(Math.min(now, databaseNow.getTime()))), -KEEP_MONTHS));
    await this.deleteSeals();
  }

  private async createMonths(current: string): Promise<void> {
    const existing = new Set(await this.months.list(this.manager));
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
      const month = addMonths(current, ahead);
      if (existing.has(month)) continue;
      await this.transactions.run(async ({ manager }) => {
        if (!(await this.chain.tryLock(manager))) return;
        if ((await this.months.list(manager)).includes(month)) return;
        await this.months.limitWaiting(manager);
        await this.months.create(manager, month);
        await this.months.adoptStrays(manager, month, addMonths(month, 1));
        await this.months.attach(manager, month, addMonths(month, 1));
      });
    }
  }

  /**
   * Drops the months before `month`, all or none, and records the drop in the chain: the rest verifies, and a removal by
   * another party looks different.
   */
  async dropBefore(month: string): Promise<void> {
    const old = async (manager: EntityManager): Promise<string[]> =>
      (await this.months.list(manager)).filter((one) => one < month);
    if ((await old(this.manager)).length === 0) return;
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      if (!(await this.chain.tryLock(manager))) return;
      // Read again under the lock: another instance may just have dropped them.
      const dropping = await old(manager);
      if (dropping.length === 0) return;
      const end = await this.chain.follow(manager);
      // Another instance seals under another key, and drops.
      if (!this.chain.isOurs(end)) return;
      const createdAt = new Date(this.clock.now());
      const keepFrom = new Date(createdAt.getTime() - KEEP_SEALS_MS);
      const kept = await this.seals.firstToKeep(manager, month, keepFrom);
      const dropped = kept
        ? { through: kept.number - 1, hash: kept.previousHash, before: month }
        : { through: end.number, hash: end.hash, before: month };
      await this.chain.append(transaction, end, [recordAt(end, createdAt, { dropped })]);
      await this.months.deleteStrays(manager, month);
      await this.months.limitWaiting(manager);
      for (const one of dropping) await this.months.drop(manager, one);
    });
  }

  private async deleteSeals(): Promise<void> {
    for (let batch = 0; batch < BATCHES; batch++) {
      if ((await this.chain.deleteDropped(this.manager, BATCH)) < BATCH) return;
    }
  }
}

/** Adds months: `2026-01` and -1 make `2025-12`. */
export function addMonths(month: string, count: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return monthOf(new Date(Date.UTC(year, number - 1 + count)));
}
