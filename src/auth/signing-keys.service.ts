import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal.js';
import type { AuditAction } from '../audit/audit-event.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../database/transaction.js';
import { KeyRotation } from '../keys/key-rotation.service.js';
import type { KeyRow } from '../keys/signing-keys.repository.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { by } from './audit-by.js';

/** Rotation of the signing keys by somebody, with the revocation that a compromise means. */
@Injectable()
export class SigningKeysService {
  constructor(
    private readonly transactions: Transactions,
    private readonly rotation: KeyRotation,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
  ) {
    rotation.recordWith((transaction, { kid, algorithm, source, activeFrom }) =>
      this.audit.record(transaction, {
        action: 'key.added',
        actor: null,
        subject: { kind: 'key', id: kid },
        details: { algorithm, source, active_from: new Date(activeFrom).toISOString() },
      }),
    );
  }

  /** Every key that is not gone, oldest first. */
  async list(): Promise<KeyRow[]> {
    return this.rotation.list();
  }

  /**
   * Plans the active key's successor, or answers the one that is planned already.
   * @param principal who asks; null for the command line
   * @throws AppError `key_not_rotatable` where the active key comes from the settings
   */
  async rotate(principal: Principal | null): Promise<KeyRow> {
    return this.transactions.run(async (transaction) => {
      const next = await this.rotation.rotate(transaction);
      await this.record(transaction, principal, 'key.rotated', next.kid);
      return next;
    });
  }

  /**
   * Drops a key somebody else may know: it signs no more, and every token it signed is dead within a second.
   * @param principal who asks; null for the command line
   * @returns the key that signs from now on
   * @throws AppError `not_found`; `key_not_rotatable` where the key comes from the settings
   */
  async compromise(kid: string, principal: Principal | null): Promise<KeyRow> {
    const cause = { reason: 'key compromised', actor: principal?.subject ?? null };
    return this.transactions.run(async (transaction) => {
      const successor = await this.rotation.compromise(transaction, kid);
      await this.revocations.revoke(transaction, { kind: 'key', subjects: [kid], ...cause });
      await this.record(transaction, principal, 'key.compromised', kid);
      return successor;
    });
  }

  private async record(
    transaction: Transaction,
    principal: Principal | null,
    action: AuditAction,
    kid: string,
  ): Promise<void> {
    const event = { action, actor: null, subject: { kind: 'key', id: kid } } as const;
    await this.audit.record(transaction, principal ? by(principal, action, 'key', kid) : event);
  }
}
