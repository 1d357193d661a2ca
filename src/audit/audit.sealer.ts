import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { Periodic } from '../platform/pacing/periodic.js';
import { Handovers } from '../seals/handovers.js';
import { SealChain } from '../seals/seal-chain.js';
import { AuditFaultFound } from '../seals/seal-faults.js';
import { checkpointText, type ChainEnd, type NewSeal } from '../seals/seal.js';
import { AuditBatches, type Batch } from './audit-batches.js';
import { hashOfEvents, monthOf } from './audit-event.js';
import { AuditRetention } from './audit.retention.js';

const INTERVAL_MS = 1000;
const UPKEEP_INTERVAL_MS = 60_000;
/** While the database is unavailable, one log line in this many seconds. */
const FAILURES_A_LINE = 60;
/**
 * How long events wait while the chain is under the key of another secret. During a rolling change of secrets, instances
 * under the former secret go on sealing; the others take over once the last of them has gone.
 */
const TAKE_OVER_MS = 10_000;
/** How long an instance that does not know the key of the chain leaves the sealing to others before it raises the alarm. */
const UNKNOWN_KEY_MS = 60_000;

/**
 * Links recorded events into a chain of signed seals, once a second and never in the path of a request: a chain inside
 * the transactions would make every login wait for the one before it. Every instance tries; an advisory lock lets one
 * of them through.
 */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.round(), INTERVAL_MS);
  private failures = 0;
  private upkeepDue = 0;
  private unsealedSince: number | undefined;
  /** Since when events wait under the key of another secret, and the last seal then. */
  private waiting: { readonly seal: number; readonly since: number } | undefined;

  constructor(
    private readonly batches: AuditBatches,
    private readonly chain: SealChain,
    private readonly handovers: Handovers,
    private readonly retention: AuditRetention,
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** For how many seconds events have waited for a seal, as far as this instance knows. */
  get delaySeconds(): number {
    return this.unsealedSince === undefined ? 0 : (this.clock.now() - this.unsealedSince) / 1000;
  }

  /**
   * Seals every event that can be sealed now, unless another instance is doing so. Seals nothing and raises the alarm where
   * the chain has a fault.
   * @returns the number of events
   */
  async seal(): Promise<number> {
    try {
      const sealed = await this.sealAll();
      this.chain.clear();
      return sealed;
    } catch (error) {
      if (!(error instanceof AuditFaultFound)) throw error;
      this.unsealedSince ??= this.clock.now();
      this.chain.raise(error.fault);
      return 0;
    }
  }

  private async sealAll(): Promise<number> {
    for (let sealed = 0; ;) {
      const end = await this.chain.follow(this.manager);
      if (!(await this.batches.isAnyLeft(this.manager, end))) {
        this.unsealedSince = undefined;
        return sealed;
      }
      const { events, more } = this.periodic.stopped ? NONE : await this.sealBatch();
      sealed += events;
      this.unsealedSince = events === 0 ? (this.unsealedSince ?? this.clock.now()) : undefined;
      if (!more) return sealed;
    }
  }

  /** A failed round is tried again the next second, from where it stopped. */
  private async round(): Promise<void> {
    try {
      await this.seal();
      if (this.clock.now() >= this.upkeepDue && !this.periodic.stopped) {
        this.upkeepDue = this.clock.now() + UPKEEP_INTERVAL_MS;
        await this.retention.upkeep();
      }
      this.failures = 0;
    } catch (error) {
      if (this.failures++ % FAILURES_A_LINE === 0)
        this.log.warn({ err: error }, 'the audit log could not be sealed, trying again');
    }
  }

  private async sealBatch(): Promise<{ events: number; more: boolean }> {
    const made = await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      if (!(await this.chain.tryLock(manager))) return undefined;
      const end = await this.chain.follow(manager);
      const batch = await this.batches.next(manager, end);
      if (!this.isOurTurn(end, batch) || !batch) return undefined;
      const createdAt = new Date(this.clock.now());
      const handovers = await this.handovers.due(transaction, end, createdAt);
      const contents = [...handovers, ...sealsOf(batch, createdAt)];
      const seals = await this.chain.append(transaction, end, contents);
      return { last: seals.at(-1), events: batch.events.length, more: batch.more };
    });
    // A checkpoint that leaves with the log shows later whether the end of the chain was cut off.
    if (made?.last) this.log.info({ checkpoint: checkpointText(made.last) }, 'audit log sealed');
    return made ?? NONE;
  }

  /**
   * Whether this instance seals the batch: its key signed the end, or it takes the chain over.
   * @throws AuditFaultFound where the chain is under a key that is not known here, and no instance seals
   */
  private isOurTurn(end: ChainEnd, batch: Batch | undefined): boolean {
    if (!batch || this.chain.isOurs(end)) {
      this.waiting = undefined;
      return batch !== undefined;
    }
    const now = this.clock.now();
    if (this.waiting?.seal !== end.number) this.waiting = { seal: end.number, since: now };
    const waited = now - this.waiting.since;
    if (this.handovers.canTakeOver(end)) return waited >= TAKE_OVER_MS;
    if (waited >= UNKNOWN_KEY_MS) throw new AuditFaultFound('seal_key', { seal: end.number });
    return false;
  }
}

const NONE = { events: 0, more: false };

/** A seal for each month of the batch, almost always one. */
function sealsOf({ range, events }: Batch, createdAt: Date): NewSeal[] {
  const months = [...new Set(events.map((event) => monthOf(event.createdAt)))].sort();
  return months.map((month) => {
    const ofMonth = events.filter((event) => monthOf(event.createdAt) === month);
    return {
      ...range,
      month,
      eventIds: ofMonth.map(({ id }) => id),
      eventsHash: hashOfEvents(ofMonth),
      dropped: null,
      handover: null,
      createdAt,
    };
  });
}
