import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import type { Actor } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { RevocationPages } from '../revocation/revocation-pages.service.js';
import type { FeedRow } from '../revocation/feed-rows.js';
import type { Cause } from '../revocation/revocations.service.js';
import { auditEvent } from '../audit/actor-event.js';
import { RevocationTargetService, type RevocationTarget } from './revocation-target.service.js';
import { SessionSweep } from '../sessions/session-sweep.service.js';

export interface ManualRevocation extends RevocationTarget {
  readonly reason: string;
}

/** Revocations by hand: each ends the sessions it is about too, so that no refresh brings back what it killed. */
@Injectable()
export class ManualRevocationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly targets: RevocationTargetService,
    private readonly audit: AuditService,
    private readonly rows: RevocationPages,
    private readonly sweep: SessionSweep,
  ) {}

  /**
   * Revokes what the subject names. What the service does not know is revoked all the same: a token of it may be alive.
   * Of a client or of all, tokens are dead before their sessions are ended, page by page: that takes its time where there
   * are millions, and is done when this resolves.
   * @throws AppError `insufficient_scope` where it is about a user or client who holds more of this service than the actor
   */
  async revoke(actor: Actor, { kind, subject, reason }: ManualRevocation): Promise<FeedRow> {
    const cause = { reason, actor: actor.subject };
    // Tokens name sessions, users and clients in lower case, and are compared as text.
    const named = kind !== 'key' && isUuid(subject) ? subject.toLowerCase() : subject;
    const row = await this.transactions.run(async (transaction) => {
      const { id } = await this.targets.revoke(transaction, actor, { kind, subject: named, ...cause });
      const details = { kind, subject: named, reason };
      await this.audit.record(
        transaction,
        auditEvent(actor, 'revocation.created', 'revocation', id, details),
      );
      return this.rows.get(transaction.manager, id);
    });
    if (kind === 'client' || kind === 'all')
      await this.endSessions(row, kind === 'all' ? null : named, cause);
    return row;
  }

  /**
   * Ends the sessions of a client, or everyone's, that were opened by the time of the row. The row goes by time, and a
   * refresh that rotated a moment ago may issue its access token after that time: such sessions get a row of their own.
   */
  private async endSessions({ cutoff }: FeedRow, clientId: string | null, cause: Cause): Promise<void> {
    const filter = { userId: null, clientId, addresses: null, rotated: null, now: new Date(cutoff) };
    const openedBefore = new Date(cutoff + 1);
    await this.sweep.run({ filter: { ...filter, openedBefore }, covered: true, ...cause });
  }
}
