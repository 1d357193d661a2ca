import { Injectable } from '@nestjs/common';
import type { Actor } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { ClientsRepository } from './clients.repository.js';
import type { ClientRecord } from './client-records.js';
import { ClientsService, type NewClient } from './clients.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { auditEvent } from '../audit/actor-event.js';
import { assertMayGrant } from '../access/authority.js';

export interface CreatedClient {
  readonly client: ClientRecord;
  readonly secret: string;
}

export interface RotatedSecret {
  readonly secret: string;
  /** Until when the secret before is valid; null where it ended at once. */
  readonly previousExpiresAt: Date | null;
}

/** Clients, as far as the principal's scopes reach; each change, its event and its revocation commit together. */
@Injectable()
export class ClientsAdminService {
  constructor(
    private readonly transactions: Transactions,
    private readonly clients: ClientsService,
    private readonly rows: ClientsRepository,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError `insufficient_scope` where the client would get a scope that the actor may not give */
  async create(actor: Actor, input: NewClient): Promise<CreatedClient> {
    assertMayGrant(actor, input.scopes);
    return this.transactions.run(async (transaction) => {
      const created = await this.clients.add(transaction.manager, input);
      const { id, scopes, grants } = created.client;
      await this.audit.record(
        transaction,
        auditEvent(actor, 'client.created', 'client', id, { scopes, grants }),
      );
      return created;
    });
  }

  /**
   * Gives a client a new secret; the one before stays valid for the overlap. Rotations of one client take turns.
   * @throws AppError `not_found`, `insufficient_scope`: whoever has the secret has what the client may do
   */
  async rotateSecret(actor: Actor, id: string, overlapSeconds: number): Promise<RotatedSecret> {
    return this.transactions.run(async (transaction) => {
      const client = await this.clients.lockManagedIfKnown(transaction.manager, actor, id);
      if (!client) throw new AppError('not_found');
      assertMayGrant(actor, client.scopes);
      const rotated = await this.clients.rotateSecret(transaction.manager, client.id, overlapSeconds);
      const details = { overlap_seconds: overlapSeconds };
      await this.audit.record(
        transaction,
        auditEvent(actor, 'client.secret_rotated', 'client', client.id, details),
      );
      return rotated;
    });
  }

  /**
   * Removes a client; its tokens are dead within a second, those too that are being issued at this moment.
   * @throws AppError `not_found`, `insufficient_scope`
   */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const client = await this.clients.lockManagedIfKnown(transaction.manager, actor, id);
      if (!client) throw new AppError('not_found');
      await this.rows.delete(transaction.manager, client.id);
      await this.revocations.revoke(transaction, {
        kind: 'client',
        subjects: [client.id],
        forGood: true,
        reason: 'client deleted',
        actor: actor.subject,
      });
      await this.audit.record(transaction, auditEvent(actor, 'client.deleted', 'client', client.id));
    });
  }
}
