import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Audiences } from '../access/audiences.js';
import type { Actor } from '../access/principal.js';
import { assertFitTokens } from '../access/token-scopes.js';
import { auditEvent } from '../audit/actor-event.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { newId } from '../platform/kernel/ids.js';
import { UserAccessService } from '../users/user-access.service.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import type { ClientRecord, CreatedClient, NewClient, RotatedSecret } from './client-records.js';
import { hashClientSecret, newClientSecret } from './client-secret.js';
import { ClientsRepository } from './clients.repository.js';

/** Creates, rotates and removes clients within the actor's scopes. A change, its audit event and its revocation commit together. */
@Injectable()
export class ClientsAdminService {
  constructor(
    private readonly transactions: Transactions,
    private readonly rows: ClientsRepository,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
    private readonly users: UserAccessService,
    private readonly audiences: Audiences,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws AppError `insufficient_scope` if the client would get a scope that the actor may not give,
   * `validation_failed` for an unknown resource, `scopes_too_large`
   */
  async create(actor: Actor, input: NewClient): Promise<CreatedClient> {
    assertFitTokens(input.scopes);
    const isUnknown = (resource: string): boolean => !this.audiences.findApplication(resource);
    if (input.resources?.some(isUnknown)) throw invalidField('resources', 'unknown_resource');
    return this.transactions.run(async (transaction) => {
      await this.users.assertMayManage(transaction.manager, actor, input.scopes);
      const created = await this.insert(transaction.manager, input);
      const { id, scopes, grants, resources } = created.client;
      const details = { scopes, grants, ...(resources && { resources }) };
      await this.audit.record(transaction, auditEvent(actor, 'client.created', 'client', id, details));
      return created;
    });
  }

  /**
   * Gives a client a new secret. The previous secret stays valid for the overlap and any older one ends, so that two are
   * valid at most. Rotations of one client wait for each other.
   * @throws AppError `not_found`, `insufficient_scope`: the secret gives the actor every scope of the client
   */
  async rotateSecret(actor: Actor, id: string, overlapSeconds: number): Promise<RotatedSecret> {
    return this.transactions.run(async (transaction) => {
      const client = await this.lockManaged(transaction.manager, actor, id);
      const rotated = await this.replaceSecret(transaction.manager, client.id, overlapSeconds);
      const details = { overlap_seconds: overlapSeconds };
      await this.audit.record(
        transaction,
        auditEvent(actor, 'client.secret_rotated', 'client', client.id, details),
      );
      return rotated;
    });
  }

  /**
   * Removes a client and revokes its tokens on every instance within a second, including tokens that a concurrent request
   * is about to get.
   * @throws AppError `not_found`, `insufficient_scope`
   */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const client = await this.lockManaged(transaction.manager, actor, id);
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

  /** Locks a client that the actor may change. @throws AppError `not_found`, `insufficient_scope` */
  private async lockManaged(manager: EntityManager, actor: Actor, id: string): Promise<ClientRecord> {
    const client = await this.rows.lock(manager, id);
    if (!client) throw new AppError('not_found');
    await this.users.assertMayManage(manager, actor, client.scopes);
    return client;
  }

  private async insert(manager: EntityManager, input: NewClient): Promise<CreatedClient> {
    const now = this.clock.now();
    const client = {
      id: newId(now),
      name: input.name,
      scopes: [...new Set(input.scopes)].sort(),
      grants: [...new Set(input.grants)].sort(),
      resources: this.resourcesOf(input),
      createdAt: new Date(now),
    };
    const secret = newClientSecret();
    await this.rows.insert(manager, client, hashClientSecret(secret));
    return { client, secret };
  }

  /** The identifiers as the audiences spell them, each once; null for the default application. */
  private resourcesOf({ resources }: NewClient): string[] | null {
    if (!resources) return null;
    const found = resources.map(
      (resource) => this.audiences.findApplication(resource)?.identifier ?? resource,
    );
    return [...new Set(found)].sort();
  }

  /** The caller has locked the client. */
  private async replaceSecret(
    manager: EntityManager,
    clientId: string,
    overlapSeconds: number,
  ): Promise<RotatedSecret> {
    const now = this.clock.now();
    const previousExpiresAt = overlapSeconds === 0 ? null : new Date(now + overlapSeconds * 1000);
    const secret = newClientSecret();
    await this.rows.retireSecrets(manager, clientId, previousExpiresAt);
    await this.rows.insertSecret(manager, clientId, hashClientSecret(secret), new Date(now));
    return { secret, previousExpiresAt };
  }
}
