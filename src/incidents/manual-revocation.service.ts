import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import type { Actor } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { RevocationPages } from '../revocation/revocation-pages.service.js';
import type { FeedRow } from '../revocation/feed-rows.js';
import type { Cause } from '../revocation/revocations.service.js';
import { auditEvent } from '../audit/actor-event.js';
import type { RevocationTarget } from './revocation-reach.js';
import { RevocationTargetService } from './revocation-target.service.js';
import { SessionSweep } from '../sessions/session-sweep.service.js';

export interface ManualRevocation extends RevocationTarget {
  readonly reason: string;
}

/** Revocations by hand. Each also ends the sessions of its subject, so that no refresh gives new tokens. */
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
   * Revokes the tokens of a subject. For a client or for all, the tokens are dead at once and the sessions are ended page
   * by page, which takes long for millions of them and is finished when the promise resolves.
   * @throws AppError `insufficient_scope` where the revocation hits more than the actor may manage; `not_found` for an
   * unknown subject; `validation_failed` for one of another kind
   */
  async revoke(actor: Actor, { kind, subject, reason }: ManualRevocation): Promise<FeedRow> {
    const cause = { reason, actor: actor.subject };
    // Tokens hold these ids in lower case, and ids are compared as text.
    const tokenSubject = kind !== 'key' && isUuid(subject) ? subject.toLowerCase() : subject;
    const row = await this.transactions.run(async (transaction) => {
      const { id } = await this.targets.revoke(transaction, actor, { kind, subject: tokenSubject, ...cause });
      const details = { kind, subject: tokenSubject, reason };
      await this.audit.record(
        transaction,
        auditEvent(actor, 'revocation.created', 'revocation', id, details),
      );
      return this.rows.get(transaction.manager, id);
    });
    if (kind === 'client' || kind === 'all')
      await this.endSessions(row, kind === 'all' ? null : tokenSubject, cause);
    return row;
  }

  /**
   * Ends the sessions of a client, or all sessions, that were opened before the revocation's cutoff. A refresh that
   * rotated a moment ago may issue its access token after the cutoff: such sessions get a revocation of their own.
   */
  private async endSessions({ cutoff }: FeedRow, clientId: string | null, cause: Cause): Promise<void> {
    const filter = { userId: null, clientId, addresses: null, rotated: null, now: new Date(cutoff) };
    const openedBefore = new Date(cutoff + 1);
    await this.sweep.run({ filter: { ...filter, openedBefore }, covered: true, ...cause });
  }
}
