import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Audiences } from '../access/audiences.js';
import type { Actor } from '../access/principal.js';
import { auditEvent } from '../audit/actor-event.js';
import { AuditService } from '../audit/audit.service.js';
import { withoutTrailingSlash } from '../platform/config/urls.js';
import { uniqueViolation } from '../platform/database/connection.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import type { Resource } from './resource.entity.js';
import { ResourceSync } from './resource-sync.js';
import { ResourcesRepository } from './resources.repository.js';

export interface PutResource {
  readonly identifier: string;
  readonly name: string;
  /** None for every application scope. */
  readonly scopes: readonly string[];
}

/**
 * The audiences of applications that administrators register. A change is effective on this instance at once and on every
 * other one within a second; tokens that were issued before keep their scopes until they expire.
 */
@Injectable()
export class ResourcesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly resources: ResourcesRepository,
    private readonly sync: ResourceSync,
    private readonly audiences: Audiences,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** All resources, by id. */
  async list(): Promise<Resource[]> {
    return this.resources.list(this.manager);
  }

  /**
   * Registers a resource, or replaces the one of this id.
   * @throws AppError `validation_failed` where the settings or another resource have the identifier
   */
  async put(actor: Actor, id: string, input: PutResource): Promise<Resource> {
    const identifier = withoutTrailingSlash(input.identifier);
    if (this.audiences.isConfigured(identifier)) throw invalidField('identifier', 'taken');
    const now = new Date(this.clock.now());
    const scopes = [...new Set(input.scopes)].sort();
    const resource = { id, identifier, name: input.name, scopes, createdAt: now, updatedAt: now };
    await this.transactions.run(async (transaction) => {
      const known = await this.resources.lock(transaction.manager, id);
      resource.createdAt = known?.createdAt ?? now;
      await takenAsError(this.resources.put(transaction.manager, resource));
      const details = { identifier, scopes };
      await this.audit.record(transaction, auditEvent(actor, 'resource.changed', 'resource', id, details));
    });
    await this.sync.refresh();
    return resource;
  }

  /**
   * Removes a resource. Its tokens are refused by this service from then on, and its sessions get no new ones.
   * @throws AppError `not_found`
   */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const known = await this.resources.lock(transaction.manager, id);
      if (!known) throw new AppError('not_found');
      await this.resources.delete(transaction.manager, id);
      const details = { identifier: known.identifier };
      await this.audit.record(transaction, auditEvent(actor, 'resource.deleted', 'resource', id, details));
    });
    await this.sync.refresh();
  }
}

async function takenAsError(statement: Promise<void>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    if (uniqueViolation(error) === 'uq_resources_identifier') throw invalidField('identifier', 'taken');
    throw error;
  }
}
