import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { SigningKeyChanges } from './signing-key-changes.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import type { KeyRow } from './key-row.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { auditEvent } from '../audit/actor-event.js';

/** Rotation of the signing keys by somebody, with the revocation that a compromise means. */
@Injectable()
export class SigningKeysService {
  constructor(
    private readonly transactions: Transactions,
    private readonly changes: SigningKeyChanges,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
  ) {}

  /** Every key that is not gone, oldest first. */
  async list(): Promise<KeyRow[]> {
    return this.changes.list();
  }

  /**
   * Plans the active key's successor, or answers the one that is planned already.
   * @throws AppError `key_not_rotatable` where the active key comes from the settings
   */
  async rotate(actor: Actor): Promise<KeyRow> {
    return this.transactions.run(async (transaction) => {
      const next = await this.changes.rotate(transaction);
      await this.audit.record(transaction, auditEvent(actor, 'key.rotated', 'key', next.kid));
      return next;
    });
  }

  /**
   * Drops a key somebody else may know: it signs no more, and every token it signed is dead within a second.
   * @returns the key that signs from now on
   * @throws AppError `not_found`; `key_not_rotatable` where the settings name the key still
   */
  async compromise(kid: string, actor: Actor): Promise<KeyRow> {
    const cause = { reason: 'key compromised', actor: actor.subject };
    return this.transactions.run(async (transaction) => {
      const successor = await this.changes.compromise(transaction, kid);
      await this.revocations.revoke(transaction, { kind: 'key', subjects: [kid], ...cause, forGood: true });
      await this.audit.record(transaction, auditEvent(actor, 'key.compromised', 'key', kid));
      return successor;
    });
  }
}

/** Every key of the table, oldest first, for commands that run without the application. */
export async function readSigningKeys(manager: EntityManager): Promise<KeyRow[]> {
  return new SigningKeysRepository().all(manager);
}
