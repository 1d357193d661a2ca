import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import type { LiveRevocation, RevocationKind } from '@latchkey/token-rules';
import type { Actor } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { KeyRotation } from '../keys/key-rotation.service.js';
import { RevocationPages } from '../revocation/revocation-pages.service.js';
import type { FeedRow } from '../revocation/feed-rows.js';
import { RevocationsService, type Cause, type Revoke } from '../revocation/revocations.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { auditEvent } from '../audit/actor-event.js';
import { ClientsService } from '../clients/clients.service.js';
import { UserAccessService } from '../users/user-access.service.js';
import { SessionSweep } from '../sessions/session-sweep.service.js';

export interface ManualRevocation {
  readonly kind: RevocationKind;
  readonly subject: string;
  readonly reason: string;
}

/** Revocations by hand: each ends the sessions it is about too, so that no refresh brings back what it killed. */
@Injectable()
export class ManualRevocationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserAccessService,
    private readonly clients: ClientsService,
    private readonly termination: SessionTermination,
    private readonly sessions: SessionsService,
    private readonly keys: KeyRotation,
    private readonly revocations: RevocationsService,
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
      const { id } = await this.perform(transaction, actor, { kind, subject: named, ...cause });
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

  private async perform(
    transaction: Transaction,
    actor: Actor,
    { kind, subject, ...cause }: Cause & Omit<ManualRevocation, 'reason'>,
  ): Promise<LiveRevocation> {
    let forGood = false;
    switch (kind) {
      case 'user':
        return this.revokeUser(transaction, actor, subject, cause);
      case 'session':
        await this.endSession(transaction, actor, subject, cause);
        break;
      case 'client':
        if (isUuid(subject)) await this.clients.lockManagedIfKnown(transaction.manager, actor, subject);
        break;
      case 'all':
        break;
      case 'key':
        forGood = await this.dropKey(transaction, subject);
        break;
    }
    return this.row(transaction, kind, subject, { ...cause, forGood });
  }

  private async row(
    transaction: Transaction,
    kind: RevocationKind,
    subject: string,
    cause: Cause & Pick<Revoke, 'forGood'>,
  ): Promise<LiveRevocation> {
    const [row] = await this.revocations.revoke(transaction, { kind, subjects: [subject], ...cause });
    return row as LiveRevocation;
  }

  private async revokeUser(
    transaction: Transaction,
    actor: Actor,
    subject: string,
    cause: Cause,
  ): Promise<LiveRevocation> {
    const user = await this.users.lockManagedIfKnown(transaction.manager, actor, subject);
    if (user) return this.termination.endAll(transaction, user.id, cause);
    return this.row(transaction, 'user', subject, cause);
  }

  private async endSession(transaction: Transaction, actor: Actor, id: string, cause: Cause): Promise<void> {
    const { manager } = transaction;
    const session = await this.sessions.find(id, manager);
    if (!session) return;
    await this.users.lockManagedIfKnown(manager, actor, session.userId);
    await this.termination.endWithoutRevocation(transaction, session.userId, id, cause);
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

  /**
   * A key of the ring signs no more; one of the settings, or an unknown one, cannot be dropped from here.
   * @returns whether it was dropped
   */
  private async dropKey(transaction: Transaction, kid: string): Promise<boolean> {
    try {
      await this.keys.compromise(transaction, kid);
      return true;
    } catch (error) {
      const foreign = error instanceof AppError && ['not_found', 'key_not_rotatable'].includes(error.code);
      if (!foreign) throw error;
      return false;
    }
  }
}
