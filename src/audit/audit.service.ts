import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { KeyConfig } from '../platform/config/config.js';
import type { Transaction } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { newId } from '../platform/kernel/ids.js';
import { AuditKeys } from '../seals/audit-keys.js';
import { eventText, type AuditEvent, type NewAuditEvent } from './audit-event.js';
import { AuditEventsRepository, type AuditEventsQuery } from './audit-events.repository.js';

/** Records events in the transaction of the change, and lists them. */
@Injectable()
export class AuditService {
  constructor(
    private readonly events: AuditEventsRepository,
    private readonly keys: AuditKeys,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {}

  /** A service without the application, for the command line. */
  static on(manager: EntityManager, keys: KeyConfig, clock: Clock): AuditService {
    return new AuditService(new AuditEventsRepository(), AuditKeys.of(keys), manager, clock);
  }

  /**
   * Records an event by one INSERT in the caller's transaction: the event is in the log exactly if the change is. It takes
   * no lock that another request could wait for; the sealer chains the event to others later.
   */
  async record(transaction: Pick<Transaction, 'manager'>, event: NewAuditEvent): Promise<void> {
    const { action, actor, subject, origin, sessionId, details } = event;
    const now = this.clock.now();
    const recorded: AuditEvent = {
      id: newId(now),
      createdAt: new Date(now),
      action,
      actor,
      subjectKind: subject.kind,
      subject: subject.id,
      sessionId: sessionId ?? null,
      ip: origin?.ip ?? null,
      userAgent: origin?.userAgent ?? null,
      requestId: origin?.requestId ?? null,
      details: details ?? null,
    };
    const signature = this.keys.sign(eventText(recorded));
    await this.events.insert(transaction.manager, { ...recorded, ...signature });
  }

  /** One page, newest first, and whether there are older ones. */
  async list(query: AuditEventsQuery): Promise<{ events: AuditEvent[]; more: boolean }> {
    const events = await this.events.list(this.manager, { ...query, limit: query.limit + 1 });
    return { events: events.slice(0, query.limit), more: events.length > query.limit };
  }
}
