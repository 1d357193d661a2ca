import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { KeyConfig } from '../platform/config/config.js';
import { AuditKeys } from '../seals/audit-keys.js';
import { AuditFaultFound, type AuditFault } from '../seals/seal-faults.js';
import { assertFollows, assertSigned, KeyHistory } from '../seals/seal-judge.js';
import { SealReader } from '../seals/seal-reader.js';
import { SealRow } from '../seals/seal.entity.js';
import { CHAIN_START, isSameSeal, type Checkpoint, type Dropped, type Seal } from '../seals/seal.js';
import { isBefore, type PlacedEvent, type Position } from './audit-event.js';
import { AuditEventRow } from './audit-event.entity.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditJudge } from './audit-judge.js';
import { AuditMonthsRepository } from './audit-months.repository.js';

/** Events in memory at once, beside those of one seal. */
const EVENTS_A_PAGE = 1000;

/** The entities that a verifier without the application needs in its data source. */
export const AUDIT_ENTITIES = [AuditEventRow, SealRow];

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
    private readonly seals: SealReader,
    private readonly months: AuditMonthsRepository,
    private readonly keys: AuditKeys,
  ) {}

  /** A verifier without the application, for the command line. */
  static on(dataSource: DataSource, keys: KeyConfig): AuditVerifier {
    return new AuditVerifier(
      dataSource,
      new AuditEventsRepository(),
      SealReader.alone(),
      new AuditMonthsRepository(),
      AuditKeys.of(keys),
    );
  }

  /**
   * Verifies one snapshot of the log. No other transaction waits for it, however long it takes.
   * @param against an earlier end of the chain, kept elsewhere: without it a chain whose end was cut off looks whole
   */
  async verify(against?: Checkpoint): Promise<AuditVerification> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      await this.months.lockForReading(manager);
      let pass: Pass | undefined;
      try {
        pass = await this.begin(manager, against);
        await this.events.open(manager);
        const events = new EventStream(() => this.events.next(manager, EVENTS_A_PAGE));
        for await (const range of this.ranges(manager, pass)) await pass.take(range, events);
        await pass.finish(events);
        const repeated = await this.events.repeatedId(manager);
        if (repeated !== undefined) throw new AuditFaultFound('event_repeated', { event: repeated });
        return pass.result(null);
      } catch (error) {
        if (!(error instanceof AuditFaultFound)) throw error;
        return pass ? pass.result(error.fault) : { ...NOTHING, fault: error.fault };
      }
    });
  }

  /** @throws AuditFaultFound where the record of the last drop is not what this service wrote */
  private async begin(manager: EntityManager, against: Checkpoint | undefined): Promise<Pass> {
    const keys = this.keys.withHandedOver(await this.seals.handovers(manager));
    const drop = await this.seals.lastDrop(manager);
    if (drop) assertSigned(keys, drop);
    return new Pass(keys, drop?.dropped ?? null, against);
  }

  /** The seals in their order, grouped by their range of transactions. */
  private async *ranges(manager: EntityManager, pass: Pass): AsyncGenerator<Seal[]> {
    let range: Seal[] = [];
    for await (const seal of this.seals.all(manager)) {
      if (!pass.isKept(seal)) continue;
      const [first] = range;
      if (first && (first.era !== seal.era || first.to !== seal.to)) {
        yield range;
        range = [];
      }
      range.push(seal);
    }
    if (range.length > 0) yield range;
  }
}

const NOTHING = { fault: null, seals: 0, events: 0, unsealed: 0, keptFrom: null, checkpoint: null };

/** One pass over the log from its beginning to its end. */
class Pass {
  private readonly history: KeyHistory;
  private readonly judge: AuditJudge;
  private readonly start: Checkpoint;
  private previous: Checkpoint;
  private last: Seal | undefined;
  private compared: boolean;
  private seals = 0;
  private covered = 0;
  private unsealed = 0;

  constructor(
    private readonly keys: AuditKeys,
    private readonly dropped: Dropped | null,
    private readonly against: Checkpoint | undefined,
  ) {
    this.history = new KeyHistory(keys);
    this.judge = new AuditJudge(keys, this.history, dropped);
    this.start = dropped ? { number: dropped.through, hash: dropped.hash } : CHAIN_START;
    this.previous = this.start;
    this.compared = against === undefined || isSameSeal(against, this.start);
  }

  /**
   * Checks a seal by itself. @returns whether it belongs to the kept part of the chain, in front of which dropped seals may
   * not be deleted yet
   * @throws AuditFaultFound
   */
  isKept(seal: Seal): boolean {
    if (seal.number <= CHAIN_START.number) throw new AuditFaultFound('seal_broken', { seal: seal.number });
    if (seal.number > this.start.number) return true;
    assertSigned(this.keys, seal);
    this.history.take(seal);
    return false;
  }

  async take(range: readonly Seal[], events: EventStream): Promise<void> {
    for (const seal of range) {
      assertFollows(seal, this.previous);
      assertSigned(this.keys, seal);
      this.history.take(seal);
      this.previous = seal;
      this.compared ||= this.against !== undefined && isSameSeal(this.against, seal);
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
      this.page.forEach(assertWellFormed);
      this.next = 0;
    }
    return this.page[this.next];
  }
}

/** @throws AuditFaultFound for a row without the columns that every event has, which takes a table without constraints */
function assertWellFormed({ id, createdAt, era, transactionId, signature, signedBy }: PlacedEvent): void {
  const isDated = createdAt instanceof Date && Number.isFinite(createdAt.getTime());
  const isPlaced = Number.isInteger(era) && typeof transactionId === 'string';
  const isSigned = Buffer.isBuffer(signature) && typeof signedBy === 'string';
  if (!isDated || !isPlaced || !isSigned) throw new AuditFaultFound('event_forged', { event: id });
}
