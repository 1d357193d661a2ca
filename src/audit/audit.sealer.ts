import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { Periodic } from '../platform/pacing/periodic.js';
import { monthOf, type PlacedEvent } from './audit-event.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import {
  checkpointText,
  hashOfEvents,
  nextSeal,
  type Checkpoint,
  type Seal,
  type TransactionRange,
} from './audit-seal.js';
import { AuditSealsRepository } from './audit-seals.repository.js';
import { AuditKeys } from './audit.keys.js';
import { AuditRetention } from './audit.retention.js';

const INTERVAL_MS = 1000;
const UPKEEP_INTERVAL_MS = 60_000;
/** How often the end of the chain is logged. Logs are kept elsewhere, so that a cut end of the chain shows. */
const CHECKPOINT_INTERVAL_MS = 3_600_000;
/** Events a seal at most, unless one transaction has more. Bounds the time and memory of a round. */
export const BATCH = 1000;
/** While the database is unavailable, one log line in this many seconds. */
const FAILURES_A_LINE = 60;

interface Batch {
  readonly range: TransactionRange;
  readonly events: readonly PlacedEvent[];
  readonly more: boolean;
}

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
  private checkpointDue = 0;

  constructor(
    private readonly events: AuditEventsRepository,
    private readonly seals: AuditSealsRepository,
    private readonly keys: AuditKeys,
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

  /** Seals every event that can be sealed now, unless another instance is doing so. @returns the number of events */
  async seal(): Promise<number> {
    let sealed = 0;
    while (!this.periodic.stopped && (await this.events.hasUnsealed(this.manager))) {
      const { events, more } = await this.sealBatch();
      sealed += events;
      if (!more) break;
    }
    return sealed;
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
    const made = await this.transactions.run(async ({ manager }) => {
      if (!(await this.seals.tryLock(manager))) return undefined;
      const { end, horizon } = await this.seals.end(manager);
      const batch = await this.nextBatch(manager, end, horizon);
      if (!batch) return undefined;
      const seals = this.sealsOf(batch, end);
      for (const seal of seals) await this.seals.insert(manager, seal);
      return { last: seals.at(-1), events: batch.events.length, more: batch.more };
    });
    if (made?.last) this.announce(made.last);
    return made ?? { events: 0, more: false };
  }

  /**
   * Transactions commit in another order than they are numbered. Only transactions below the oldest running one are
   * sealed, so that no event can appear among sealed ones later. A long transaction delays the sealing, and nothing else.
   */
  private async nextBatch(
    manager: EntityManager,
    { era, to }: TransactionRange,
    horizon: string,
  ): Promise<Batch | undefined> {
    if (BigInt(horizon) >= BigInt(to)) return this.batchIn(manager, { era, from: to, to: horizon });
    // The database was restored into a server that numbers lower: the events of the former era are final.
    const left = await this.batchIn(manager, { era, from: to, to: undefined });
    return left ?? this.batchIn(manager, { era: era + 1, from: '0', to: horizon });
  }

  /** At most {@link BATCH} events of whole transactions, or all events of a single transaction. */
  private async batchIn(
    manager: EntityManager,
    { era, from, to }: { readonly era: number; readonly from: string; readonly to: string | undefined },
  ): Promise<Batch | undefined> {
    const events = await this.events.inRange(manager, { era, from, to, limit: BATCH + 1 });
    const [first, last] = [events[0], events.at(-1)];
    if (!first || !last) return undefined;
    if (events.length <= BATCH) {
      return { range: { era, from, to: to ?? after(last) }, events, more: to === undefined };
    }
    const { transactionId: cut } = last;
    if (cut !== first.transactionId) {
      const whole = events.filter(({ transactionId }) => transactionId !== cut);
      return { range: { era, from, to: cut }, events: whole, more: true };
    }
    const range = { era, from, to: after(first) };
    return { range, events: await this.events.inRange(manager, range), more: true };
  }

  /** Makes a seal for each month of the batch, almost always one. */
  private sealsOf({ range, events }: Batch, end: Checkpoint): Seal[] {
    const createdAt = new Date(this.clock.now());
    const months = [...new Set(events.map((event) => monthOf(event.createdAt)))].sort();
    const seals: Seal[] = [];
    for (const month of months) {
      const ofMonth = events.filter((event) => monthOf(event.createdAt) === month);
      const eventIds = ofMonth.map(({ id }) => id);
      const content = {
        ...range,
        month,
        eventIds,
        eventsHash: hashOfEvents(ofMonth),
        dropped: null,
        createdAt,
      };
      seals.push(nextSeal(seals.at(-1) ?? end, content, this.keys));
    }
    return seals;
  }

  private announce(seal: Seal): void {
    if (this.clock.now() < this.checkpointDue) return;
    this.checkpointDue = this.clock.now() + CHECKPOINT_INTERVAL_MS;
    this.log.info({ checkpoint: checkpointText(seal) }, 'audit log sealed');
  }
}

function after({ transactionId }: PlacedEvent): string {
  return (BigInt(transactionId) + 1n).toString();
}
