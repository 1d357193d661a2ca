import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import type { LiveRevocation, RevocationKind } from '@latchkey/token-rules';
import type { Actor } from '../access/principal.js';
import { ClientsService } from '../clients/clients.service.js';
import { SigningKeyChanges } from '../keys/signing-key-changes.js';
import type { Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { RevocationsService, type Cause, type Revoke } from '../revocation/revocations.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { UserAccessService } from '../users/user-access.service.js';

/** A subject of a revocation: the id of a session, user or client, the `kid` of a key, or `*` for all. */
export interface RevocationTarget {
  readonly kind: RevocationKind;
  readonly subject: string;
}

/** Revokes one subject in the caller's transaction, and makes the further changes that its kind needs. */
@Injectable()
export class RevocationTargetService {
  constructor(
    private readonly users: UserAccessService,
    private readonly clients: ClientsService,
    private readonly termination: SessionTermination,
    private readonly sessions: SessionsService,
    private readonly keys: SigningKeyChanges,
    private readonly revocations: RevocationsService,
  ) {}

  /**
   * Writes the revocation. It also ends the session, or all sessions of the user, or drops a key of the ring.
   * @throws AppError `insufficient_scope` where the user or client holds a scope of this service that the actor lacks
   */
  async revoke(
    transaction: Transaction,
    actor: Actor,
    { kind, subject, ...cause }: Cause & RevocationTarget,
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
   * Drops a key of the ring. An unknown key, or one of the settings, cannot be dropped.
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
