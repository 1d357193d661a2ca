import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { assertMayEnd } from '../access/authority.js';
import type { Actor } from '../access/principal.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import type { ClientRecord, ClientsPage, ListedClient } from './client-records.js';
import { matchesOneOf } from './client-secret.js';
import { ClientsRepository } from './clients.repository.js';

/** A client whose secret has been verified for this request. */
export interface AuthenticatedClient extends ClientRecord {
  /**
   * The time before the secret was looked up, in milliseconds since the Unix epoch. Tokens issued for this request carry
   * it as `iat`, so that a later revocation of the client's tokens is later than every token the secret could get.
   */
  readonly authenticatedAt: number;
}

/** Authenticates, locks and lists clients. ClientsAdminService changes them. */
@Injectable()
export class ClientsService {
  constructor(
    private readonly clients: ClientsRepository,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the client if the secret is one of its valid secrets, else undefined. An unknown id and a wrong secret take
   * the same time: one query and two comparisons.
   */
  async authenticate(id: string, secret: string): Promise<AuthenticatedClient | undefined> {
    const authenticatedAt = this.clock.now();
    // A malformed id is visible to the sender, so a faster answer tells nothing about clients.
    if (!isUuid(id)) return undefined;
    const stored = await this.clients.findWithHashes(this.manager, id, new Date(authenticatedAt));
    if (!matchesOneOf(secret, stored?.hashes ?? []) || !stored) return undefined;
    const { hashes: _, ...client } = stored;
    return { ...client, authenticatedAt };
  }

  /**
   * Locks a client whose tokens the actor may revoke, until the transaction ends. Undefined if there is no such client.
   * @throws AppError `insufficient_scope` if the client has a scope of this service that the actor does not hold
   */
  async lockToEnd(manager: EntityManager, actor: Actor, id: string): Promise<ClientRecord | undefined> {
    const client = await this.clients.lock(manager, id);
    if (client) assertMayEnd(actor, client.scopes);
    return client;
  }

  /** Whether there is a client with this id. */
  async exists(manager: EntityManager, id: string): Promise<boolean> {
    return this.clients.exists(manager, id);
  }

  /** A client with the times of its valid secrets. @throws AppError `not_found` */
  async find(id: string): Promise<ListedClient> {
    const client = await this.clients.find(this.manager, id, new Date(this.clock.now()));
    if (!client) throw new AppError('not_found');
    return client;
  }

  /** One page in the order of creation, and the number of all clients. */
  async list(page: ClientsPage): Promise<{ clients: ListedClient[]; total: number }> {
    const now = new Date(this.clock.now());
    const [clients, total] = await Promise.all([
      this.clients.list(this.manager, { ...page, now }),
      this.clients.count(this.manager),
    ]);
    return { clients, total };
  }
}
