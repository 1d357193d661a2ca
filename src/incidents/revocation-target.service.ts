import { Injectable } from '@nestjs/common';
import type { LiveRevocation, RevocationKind } from '@latchkey/token-rules';
import { assertMayEnd } from '../access/authority.js';
import { FIRST_PARTY, type Actor } from '../access/principal.js';
import { ClientsService } from '../clients/clients.service.js';
import { KeyRing } from '../keys/key-ring.js';
import { SigningKeyChanges } from '../keys/signing-key-changes.js';
import type { Transaction } from '../platform/database/transaction.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { RevocationsService, type Cause, type Revoke } from '../revocation/revocations.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { UserAccessService } from '../users/user-access.service.js';
import { reachOf, type RevocationTarget } from './revocation-reach.js';

/** Revokes one subject in the caller's transaction, and makes the further changes that its kind needs. */
@Injectable()
export class RevocationTargetService {
  constructor(
    private readonly users: UserAccessService,
    private readonly clients: ClientsService,
    private readonly termination: SessionTermination,
    private readonly sessions: SessionsService,
    private readonly keys: SigningKeyChanges,
    private readonly ring: KeyRing,
    private readonly revocations: RevocationsService,
  ) {}

  /**
   * Writes the revocation. It also ends the session, or all sessions of the user, or drops a key of the ring.
   * @throws AppError `insufficient_scope` where the revocation hits more than the actor may manage; `not_found` for an
   * unknown subject; `validation_failed` for one of another kind
   */
  async revoke(
    transaction: Transaction,
    actor: Actor,
    { kind, subject, ...cause }: Cause & RevocationTarget,
  ): Promise<LiveRevocation> {
    assertMayEnd(actor, reachOf({ kind, subject }).scopes);
    let forGood = false;
    switch (kind) {
      case 'user':
        return this.revokeUser(transaction, actor, subject, cause);
      case 'session':
        await this.endSession(transaction, actor, subject, cause);
        break;
      case 'client':
        await this.lockClient(transaction, actor, subject);
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
    const user = await this.users.lockToEnd(transaction.manager, actor, subject);
    if (!user) throw await this.refusal(transaction, subject);
    return this.termination.endAll(transaction, user.id, cause);
  }

  private async endSession(transaction: Transaction, actor: Actor, id: string, cause: Cause): Promise<void> {
    const { manager } = transaction;
    const session = await this.sessions.find(id, manager);
    if (!session) throw await this.refusal(transaction, id);
    await this.users.lockToEnd(manager, actor, session.userId);
    await this.termination.endWithoutRevocation(transaction, session.userId, id, cause);
  }

  private async lockClient(transaction: Transaction, actor: Actor, id: string): Promise<void> {
    if (id === FIRST_PARTY) return;
    const client = await this.clients.lockToEnd(transaction.manager, actor, id);
    if (!client) throw await this.refusal(transaction, id);
  }

  /** The error for an id that belongs to no object of its kind: `validation_failed` where it belongs to another kind. */
  private async refusal({ manager }: Transaction, id: string): Promise<AppError> {
    const known =
      (await this.sessions.find(id, manager)) !== undefined ||
      (await this.users.exists(manager, id)) ||
      (await this.clients.exists(manager, id));
    return known ? invalidField('subject', 'invalid_format') : new AppError('not_found');
  }

  /**
   * Drops a key of the ring. A key of the settings cannot be dropped, but the tokens that it signed until now are dead.
   * @returns whether it was dropped
   * @throws AppError `not_found` for an unknown key
   */
  private async dropKey(transaction: Transaction, kid: string): Promise<boolean> {
    try {
      await this.keys.compromise(transaction, kid);
      return true;
    } catch (error) {
      const ofSettings =
        error instanceof AppError && (error.code === 'key_not_rotatable' || this.ring.find(kid));
      if (!ofSettings) throw error;
      return false;
    }
  }
}
