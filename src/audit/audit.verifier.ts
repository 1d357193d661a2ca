import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { KeyConfig } from '../platform/config/config.js';
import { isBefore, type PlacedEvent, type Position } from './audit-event.js';
import { AuditEventRow } from './audit-event.entity.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditFaultFound, AuditJudge, type AuditFault } from './audit-faults.js';
import { AuditMonthsRepository } from './audit-months.repository.js';
import { CHAIN_START, type Checkpoint, type Dropped, type Seal } from './audit-seal.js';
import { AuditSealRow } from './audit-seal.entity.js';
import { AuditSealsRepository } from './audit-seals.repository.js';
import { AuditKeys } from './audit.keys.js';

/** Rows of a table in memory at once, beside those of one seal. */
const EVENTS_A_PAGE = 1000;
const SEALS_A_PAGE = 100;

/** The entities that a verifier without the application needs in its data source. */
export const AUDIT_ENTITIES = [AuditEventRow, AuditSealRow];

export interface AuditVerification {
  /** The first fault; null where the log is whole. */
  readonly fault: AuditFault | null;
  readonly seals: number;
  /** Events under a seal. */
  readonly events: number;
  /** Events that wait for their seal. */
  readonly unsealed: number;
  /** The first month that is kept, where retention has dropped some. */
  readonly keptFrom: string | null;
  /** The end of the chain. */
  readonly checkpoint: Checkpoint | null;
}

/** Compares every event with the chain of seals, from the first that is kept to the newest. */
@Injectable()
export class AuditVerifier {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: AuditEventsRepository,
    private readonly seals: AuditSealsRepository,
    private readonly months: AuditMonthsRepository,
    private readonly keys: AuditKeys,
  ) {}

  /** A verifier without the application, for the command line. */
  static on(dataSource: DataSource, keys: KeyConfig): AuditVerifier {
    return new AuditVerifier(
      dataSource,
      new AuditEventsRepository(),
      new AuditSealsRepository(),
      new AuditMonthsRepository(),
      new AuditKeys(keys),
    );
  }

  /**
   * Verifies one snapshot of the log. No other transaction waits for it, however long it takes.
   * @param against an earlier end of the chain, kept elsewhere: without it a chain whose end was cut off looks whole
   */
  async verify(against?: Checkpoint): Promise<AuditVerification> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      await this.months.lockForReading(manager);
      const dropped = await this.seals.lastDropped(manager);
      const start = dropped?.through ?? CHAIN_START.number;
      // Only the seals that are verified below count as witnesses of a key.
      const lastUse = await this.seals.lastUseOfKeys(manager, start);
      const judge = new AuditJudge(this.keys, lastUse, dropped);
      const pass = new Pass(judge, this.keys, dropped, against);
      try {
        await this.events.open(manager);
        const events = new EventStream(() => this.events.next(manager, EVENTS_A_PAGE));
        for await (const range of this.ranges(manager, start)) await pass.take(range, events);
        await pass.finish(events);
      } catch (error) {
        if (!(error instanceof AuditFaultFound)) throw error;
        return pass.result(error.fault);
      }
      return pass.result(null);
    });
  }

  /** The seals in their order, grouped by their range of transactions. */
  private async *ranges(manager: EntityManager, start: number): AsyncGenerator<Seal[]> {
    let number = start;
    let range: Seal[] = [];
    for (;;) {
      const page = await this.seals.page(manager, number, SEALS_A_PAGE);
      for (const seal of page) {
        const [first] = range;
        if (first && (first.era !== seal.era || first.to !== seal.to)) {
          yield range;
          range = [];
        }
        range.push(seal);
        number = seal.number;
      }
      if (page.length === 0) break;
    }
    if (range.length > 0) yield range;
  }
}

/** One pass over the log from its beginning to its end. */
class Pass {
  private previous: Checkpoint;
  private last: Seal | undefined;
  /** The first of the seals at the end of the chain that no known key signed. */
  private unproven: Seal | undefined;
  private compared: boolean;
  private seals = 0;
  private covered = 0;
  private unsealed = 0;

  constructor(
    private readonly judge: AuditJudge,
    private readonly keys: AuditKeys,
    private readonly dropped: Dropped | null,
    private readonly against: Checkpoint | undefined,
  ) {
    this.previous = dropped ? { number: dropped.through, hash: dropped.hash } : CHAIN_START;
    this.compared = against === undefined || isSame(against, this.previous);
  }

  async take(range: readonly Seal[], events: EventStream): Promise<void> {
    for (const seal of range) {
      this.judge.assertFollows(seal, this.previous);
      this.unproven = this.keys.knows(seal.signedBy) ? undefined : (this.unproven ?? seal);
      this.previous = seal;
      this.compared ||= this.against !== undefined && isSame(this.against, seal);
      this.seals++;
    }
    const [first] = range;
    if (!first) return;
    const { era, from, to } = first;
    for (const event of await events.before({ era, transactionId: from })) this.judge.assertDropped(event);
    const inRange = await events.before({ era, transactionId: to });
    this.judge.assertSealed(range, inRange);
    this.covered += inRange.length;
    this.last = range.at(-1);
  }

  async finish(events: EventStream): Promise<void> {
    if (this.unproven) throw new AuditFaultFound('seal_signature', { seal: this.unproven.number });
    if (!this.compared) throw new AuditFaultFound('checkpoint', { seal: this.against?.number });
    for await (const event of events) {
      this.judge.assertUnsealed(event, this.last);
      this.unsealed++;
    }
  }

  result(fault: AuditFault | null): AuditVerification {
    const { seals, covered, unsealed, previous } = this;
    return {
      fault,
      seals,
      events: covered,
      unsealed,
      keptFrom: this.dropped?.before ?? null,
      checkpoint: previous.number === CHAIN_START.number ? null : previous,
    };
  }
}

function isSame(one: Checkpoint, other: Checkpoint): boolean {
  return one.number === other.number && one.hash.equals(other.hash);
}

/** All events in the order of the log, a page at a time. */
class EventStream implements AsyncIterable<PlacedEvent> {
  private page: PlacedEvent[] = [];
  private next = 0;

  constructor(private readonly read: () => Promise<PlacedEvent[]>) {}

  /** The events before a position. */
  async before(position: Position): Promise<PlacedEvent[]> {
    const taken: PlacedEvent[] = [];
    for (let event = await this.peek(); event && isBefore(event, position); event = await this.peek()) {
      taken.push(event);
      this.next++;
    }
    return taken;
  }

  /** The remaining events. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PlacedEvent> {
    for (let event = await this.peek(); event; event = await this.peek()) {
      this.next++;
      yield event;
    }
  }

  private async peek(): Promise<PlacedEvent | undefined> {
    if (this.next === this.page.length) {
      this.page = await this.read();
      this.next = 0;
    }
    return this.page[this.next];
  }
}
