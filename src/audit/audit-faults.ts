import { monthOf, type PlacedEvent } from './audit-event.js';
import { hashOfEvents, sealHash, type Checkpoint, type Dropped, type Seal } from './audit-seal.js';
import type { AuditKeys } from './audit.keys.js';

export type AuditFaultKind =
  | 'event_edited'
  | 'event_missing'
  | 'event_added'
  | 'event_reordered'
  | 'event_forged'
  | 'seal_missing'
  | 'seal_broken'
  | 'seal_signature'
  | 'checkpoint';

/** A fault of the log and its place. */
export interface AuditFault {
  readonly kind: AuditFaultKind;
  readonly message: string;
  readonly seal: number | null;
  readonly event: string | null;
}

const MESSAGES: Readonly<Record<AuditFaultKind, string>> = {
  event_edited: 'an event was edited after it was sealed',
  event_missing: 'an event was removed',
  event_added: 'an event was added where everything is sealed already',
  event_reordered: 'events were reordered',
  event_forged: 'an event was not written by this service, or was edited before it was sealed',
  seal_missing: 'a seal was removed',
  seal_broken: 'a seal was edited or does not follow the one before',
  seal_signature: 'a seal was not signed by this service, or under a secret that is not known here',
  checkpoint: 'the log does not hold the seal of the checkpoint, or another one of that number',
};

/** Thrown at the first fault: nothing after it can be trusted. */
export class AuditFaultFound extends Error {
  readonly fault: AuditFault;

  constructor(
    kind: AuditFaultKind,
    where: { readonly seal?: number | undefined; readonly event?: string | undefined },
  ) {
    super(kind);
    this.fault = {
      kind,
      message: MESSAGES[kind],
      seal: where.seal ?? null,
      event: where.event ?? null,
    };
  }
}

/** An event signed by a key that is no longer configured counts if that key signed a seal within this time before it. */
const KEY_OVERLAP_MS = 86_400_000;

/** Judges events and seals. Reads nothing. */
export class AuditJudge {
  constructor(
    private readonly keys: AuditKeys,
    private readonly lastUseOfKeys: ReadonlyMap<string, Date>,
    private readonly dropped: Dropped | null,
  ) {}

  /** @throws AuditFaultFound where a seal does not follow the seal before it, or differs from what was signed */
  assertFollows(seal: Seal, previous: Checkpoint): void {
    if (seal.number !== previous.number + 1) {
      throw new AuditFaultFound('seal_missing', { seal: previous.number + 1 });
    }
    if (!seal.previousHash.equals(previous.hash) || !sealHash(seal).equals(seal.hash)) {
      throw new AuditFaultFound('seal_broken', { seal: seal.number });
    }
    // A seal under an unknown key counts where a later seal that can be checked follows it.
    if (this.keys.knows(seal.signedBy) && !this.keys.verifiesSeal(seal)) {
      throw new AuditFaultFound('seal_signature', { seal: seal.number });
    }
  }

  /**
   * @param seals every seal over one range of transactions
   * @param events every event of that range, in the order of the log
   * @throws AuditFaultFound
   */
  assertSealed(seals: readonly Seal[], events: readonly PlacedEvent[]): void {
    const covered = new Set<string>();
    for (const seal of seals) {
      const listed = new Set(seal.eventIds);
      listed.forEach((id) => covered.add(id));
      if (seal.month === null || this.isDropped(seal.month)) continue;
      this.assertSame(
        seal,
        events.filter(({ id }) => listed.has(id)),
      );
    }
    for (const event of events) {
      if (!covered.has(event.id) || this.isDropped(monthOf(event.createdAt))) this.assertDropped(event);
    }
  }

  /**
   * Judges an event that no kept seal covers although later events are sealed. Only an event that this service wrote with
   * a wrong clock, into a month that was dropped, is allowed.
   * @throws AuditFaultFound for any other event
   */
  assertDropped(event: PlacedEvent): void {
    if (this.isDropped(monthOf(event.createdAt)) && this.isAuthentic(event, event.createdAt)) return;
    throw new AuditFaultFound('event_added', { event: event.id });
  }

  /** @throws AuditFaultFound for an event that is not sealed yet and was not written by this service */
  assertUnsealed(event: PlacedEvent, end: Seal | undefined): void {
    // No seal would ever reach an event two eras ahead.
    if (event.era > (end?.era ?? 0) + 1) throw new AuditFaultFound('event_reordered', { event: event.id });
    if (!this.isAuthentic(event, event.createdAt)) {
      throw new AuditFaultFound('event_forged', { event: event.id });
    }
  }

  private assertSame(seal: Seal, events: readonly PlacedEvent[]): void {
    const fault = (kind: AuditFaultKind, event: string | undefined): AuditFaultFound =>
      new AuditFaultFound(kind, { seal: seal.number, event });
    const present = new Set(events.map(({ id }) => id));
    const missing = seal.eventIds.find((id) => !present.has(id));
    if (missing !== undefined) throw fault('event_missing', missing);
    if (events.length > present.size) throw fault('event_added', repeated(events));
    const moved = events.find(({ id }, index) => id !== seal.eventIds[index]);
    if (moved) throw fault('event_reordered', moved.id);
    const foreign = events.find((event) => !this.isAuthentic(event, seal.createdAt));
    if (!hashOfEvents(events).equals(seal.eventsHash)) throw fault('event_edited', foreign?.id);
    if (foreign) throw fault('event_forged', foreign.id);
  }

  private isAuthentic(event: PlacedEvent, at: Date): boolean {
    if (this.keys.knows(event.signedBy)) return this.keys.verifies(event);
    const lastUse = this.lastUseOfKeys.get(event.signedBy);
    return lastUse !== undefined && at.getTime() <= lastUse.getTime() + KEY_OVERLAP_MS;
  }

  private isDropped(month: string): boolean {
    return this.dropped !== null && month < this.dropped.before;
  }
}

function repeated(events: readonly PlacedEvent[]): string | undefined {
  const seen = new Set<string>();
  return events.find(({ id }) => seen.size === seen.add(id).size)?.id;
}
