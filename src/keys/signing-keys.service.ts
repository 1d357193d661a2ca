import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../access/principal.js';
import { auditEvent } from '../audit/actor-event.js';
import { AuditService } from '../audit/audit.service.js';
import type { KeyConfig } from '../platform/config/config.js';
import { Transactions } from '../platform/database/transaction.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { sortRows, type SortedRows } from './key-authentication.js';
import type { KeyRow } from './key-row.js';
import { SigningKeyChanges } from './signing-key-changes.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

/** Rotations of the signing keys by an actor. A change, its audit event and its revocation commit together. */
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
   * Plans the active key's successor. Returns the planned one if there is one already.
   * @throws AppError `key_not_rotatable` if the active key comes from the settings
   */
  async rotate(actor: Actor): Promise<KeyRow> {
    return this.transactions.run(async (transaction) => {
      const next = await this.changes.rotate(transaction);
      await this.audit.record(transaction, auditEvent(actor, 'key.rotated', 'key', next.kid));
      return next;
    });
  }

  /**
   * Drops a compromised key: it stops signing, and every token it signed is revoked within a second.
   * @returns as {@link SigningKeyChanges.compromise}
   * @throws AppError `not_found`; `key_not_rotatable` while the settings name the key
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

/** The rows of the table, for commands that run without the application. */
export async function readSigningKeys(manager: EntityManager, config: KeyConfig): Promise<SortedRows> {
  return sortRows(await new SigningKeysRepository().all(manager), config, true);
}
