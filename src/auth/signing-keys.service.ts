import { Injectable } from '@nestjs/common';
import { Transactions } from '../database/transaction.js';
import { KeyRotation } from '../keys/key-rotation.service.js';
import type { KeyRow } from '../keys/signing-keys.repository.js';
import { RevocationsService } from '../revocation/revocations.service.js';

/** Rotation of the signing keys by an administrator, with the revocation that a compromise means. */
@Injectable()
export class SigningKeysService {
  constructor(
    private readonly transactions: Transactions,
    private readonly rotation: KeyRotation,
    private readonly revocations: RevocationsService,
  ) {}

  /** Every key that is not gone, oldest first. */
  async list(): Promise<KeyRow[]> {
    return this.rotation.list();
  }

  /**
   * Plans the active key's successor, or answers the one that is planned already.
   * @throws AppError `key_not_rotatable` where the active key comes from the settings
   */
  async rotate(): Promise<KeyRow> {
    return this.transactions.run((transaction) => this.rotation.rotate(transaction));
  }

  /**
   * Drops a key somebody else may know: it signs no more, and every token it signed is dead within a second.
   * @returns the key that signs from now on
   * @throws AppError `not_found`; `key_not_rotatable` where the key comes from the settings
   */
  async compromise(kid: string, actor: string | null): Promise<KeyRow> {
    return this.transactions.run(async (transaction) => {
      const successor = await this.rotation.compromise(transaction, kid);
      await this.revocations.revoke(transaction, {
        kind: 'key',
        subjects: [kid],
        reason: 'key compromised',
        actor,
      });
      return successor;
    });
  }
}
