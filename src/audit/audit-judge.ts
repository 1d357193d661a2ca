import { AuditFaultFound, type AuditFaultKind } from '../seals/seal-faults.js';
import type { AuditKeys } from '../seals/audit-keys.js';
import type { KeyHistory } from '../seals/seal-judge.js';
import type { Dropped, Seal } from '../seals/seal.js';
import { eventText, hashOfEvents, monthOf, type PlacedEvent } from './audit-event.js';

/** Judges events against their seals. Reads nothing. */
export class AuditJudge {
  constructor(
    private readonly keys: AuditKeys,
    private readonly history: KeyHistory,
    private readonly dropped: Dropped | null,
  ) {}

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
    return this.keys.verifies(eventText(event), event) && this.history.accepts(event.signedBy, at);
  }

  private isDropped(month: string): boolean {
    return this.dropped !== null && month < this.dropped.before;
  }
}

function repeated(events: readonly PlacedEvent[]): string | undefined {
  const seen = new Set<string>();
  return events.find(({ id }) => seen.size === seen.add(id).size)?.id;
}
