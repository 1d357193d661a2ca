import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TransactionRange } from '../seals/seal.js';
import type { PlacedEvent } from './audit-event.js';
import { AuditEventsRepository } from './audit-events.repository.js';

/** Events a seal at most, unless one transaction has more. Bounds the time and memory of a round. */
export const BATCH = 1000;

/** The events of whole transactions, to be sealed together. */
export interface Batch {
  readonly range: TransactionRange;
  readonly events: readonly PlacedEvent[];
  /** Further events may be sealed at once. */
  readonly more: boolean;
}

/** Reads the events that can be sealed. */
@Injectable()
export class AuditBatches {
  constructor(private readonly events: AuditEventsRepository) {}

  /** Whether there is an event after the end of the chain, ready to be sealed or not. */
  async isAnyLeft(manager: EntityManager, end: TransactionRange): Promise<boolean> {
    return this.events.hasUnsealed(manager, end);
  }

  /**
   * Transactions commit in another order than they are numbered. Only transactions below the oldest running one are
   * sealed, so that no event can appear among sealed ones later. A long transaction delays the sealing, and nothing else.
   */
  async next(manager: EntityManager, { era, to }: TransactionRange): Promise<Batch | undefined> {
    const horizon = await this.events.horizon(manager);
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
}

function after({ transactionId }: PlacedEvent): string {
  return (BigInt(transactionId) + 1n).toString();
}
