import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Transaction } from '../platform/database/transaction.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { AuditKeys } from './audit-keys.js';
import { AuditFaultFound, type AuditFault } from './seal-faults.js';
import { assertFollows, assertSame, assertSigned } from './seal-judge.js';
import { CHAIN_START, nextSeal, type ChainEnd, type Checkpoint, type NewSeal, type Seal } from './seal.js';
import { SealsRepository } from './seals.repository.js';

/** Seals in memory at once. */
const PAGE = 100;

/**
 * The only writer of the chain. It remembers the last seal that it saw and follows the chain from there, seal by seal. Where
 * the chain no longer holds that seal, or a later one does not verify, nothing is written until the chain is as it was, or
 * until the instance starts again: a seal on top of changed rows would cover the change.
 */
@Injectable()
export class SealChain {
  private seen: Seal | typeof CHAIN_START | undefined;
  /** The key that the log was handed over to, where this instance knows only the former key. */
  private successor: string | undefined;
  private raised: AuditFault | null = null;

  constructor(
    private readonly seals: SealsRepository,
    private readonly keys: AuditKeys,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** The fault for which this instance does not seal; null where it seals. */
  get alarm(): AuditFault | null {
    return this.raised;
  }

  /** Takes the right to write to the chain until the transaction ends. Never waits. @returns whether it was free */
  async tryLock(manager: EntityManager): Promise<boolean> {
    return this.seals.tryLock(manager);
  }

  /**
   * Reads the seals that were added since the last call, and checks each of them and the last seal of before.
   * @returns the end of the chain
   * @throws AuditFaultFound, and raises the alarm, where the rows are not what this instance has seen or can check
   */
  async follow(manager: EntityManager): Promise<ChainEnd> {
    try {
      this.seen = this.seen ? await this.readOn(manager, this.seen) : await this.readEnd(manager);
    } catch (error) {
      if (error instanceof AuditFaultFound) this.raise(error.fault);
      throw error;
    }
    return this.seen;
  }

  /** Whether this instance's key signs the next seal without a handover. */
  isOurs({ signedBy }: ChainEnd): boolean {
    return signedBy === null || signedBy === this.keys.currentId;
  }

  /**
   * Adds seals to the end that {@link follow} returned in the same transaction, under the lock.
   * @returns the seals, the last of which is the new end once the transaction has committed
   */
  async append(transaction: Transaction, end: Checkpoint, contents: readonly NewSeal[]): Promise<Seal[]> {
    const made: Seal[] = [];
    for (const content of contents) {
      const seal = nextSeal(made.at(-1) ?? end, content, this.keys);
      await this.seals.insert(transaction.manager, seal);
      made.push(seal);
    }
    transaction.afterCommit(() => (this.seen = made.at(-1) ?? this.seen));
    return made;
  }

  /** Deletes at most `limit` seals that retention dropped, and returns how many. @throws AuditFaultFound */
  async deleteDropped(manager: EntityManager, limit: number): Promise<number> {
    const drop = await this.seals.lastDrop(manager);
    if (!drop?.dropped) return 0;
    // An instance under a former secret leaves this to others.
    if (!this.keys.knows(drop.signedBy)) return 0;
    assertSigned(this.keys, drop);
    return this.seals.deleteThrough(manager, drop.dropped.through, limit);
  }

  /** Raises the alarm, and logs it where it is new. */
  raise(fault: AuditFault): void {
    const isNew = this.raised?.kind !== fault.kind || this.raised.seal !== fault.seal;
    this.raised = fault;
    if (isNew) this.log.error({ fault }, `the audit log is sealed no more: ${fault.message}`);
  }

  /** Ends the alarm, after a round without a fault. */
  clear(): void {
    if (this.raised) this.log.warn('the audit log is sealed again');
    this.raised = null;
  }

  private async readEnd(manager: EntityManager): Promise<Seal | typeof CHAIN_START> {
    const last = await this.seals.last(manager);
    if (!last) return CHAIN_START;
    if (!this.keys.knows(last.signedBy)) {
      for (const seal of await this.seals.handovers(manager)) this.noteSuccessor(seal);
    }
    this.assertSigned(last);
    return last;
  }

  private async readOn(
    manager: EntityManager,
    seen: Seal | typeof CHAIN_START,
  ): Promise<Seal | typeof CHAIN_START> {
    let page = await this.seals.page(manager, seen.number, PAGE);
    if (!('signature' in seen)) return this.check(manager, page, CHAIN_START);
    if (page[0]?.number !== seen.number) return this.readAfterDrop(manager, seen);
    assertSame(page[0], seen);
    page = page.slice(1);
    return this.check(manager, page, seen);
  }

  /** Checks seals that follow the given one, page by page. @returns the last of them */
  private async check<End extends ChainEnd>(
    manager: EntityManager,
    first: readonly Seal[],
    previous: End,
  ): Promise<Seal | End> {
    let end: Seal | End = previous;
    for (let page = first; page.length > 0; page = await this.seals.page(manager, end.number + 1, PAGE)) {
      for (const seal of page) {
        assertFollows(seal, end);
        this.noteSuccessor(seal);
        this.assertSigned(seal);
        end = seal;
      }
    }
    return end;
  }

  /** Retention of another instance may have deleted the seal that this one has seen; the record of it says so. */
  private async readAfterDrop(manager: EntityManager, seen: Seal): Promise<Seal> {
    const drop = await this.seals.lastDrop(manager);
    if (!drop?.dropped || drop.dropped.through < seen.number) assertSame(undefined, seen);
    const [first, ...others] = await this.seals.page(manager, (drop?.dropped?.through ?? 0) + 1, PAGE);
    if (!drop || !first) throw new AuditFaultFound('seal_missing', { seal: seen.number });
    this.assertSigned(drop);
    this.assertSigned(first);
    return this.check(manager, others, first);
  }

  private assertSigned(seal: Seal): void {
    // An instance under the former secret cannot check what the next secret signs. It leaves the sealing to others.
    if (seal.signedBy === this.successor && !this.keys.knows(seal.signedBy)) return;
    assertSigned(this.keys, seal);
  }

  private noteSuccessor(seal: Seal): void {
    if (seal.handover && this.keys.verifiesFormer(seal)) this.successor = seal.signedBy;
  }
}
