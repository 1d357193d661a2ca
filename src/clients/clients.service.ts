import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { assertMayManage } from '../access/authority.js';
import type { Actor } from '../access/principal.js';
import { Clock } from '../platform/kernel/clock.js';
import { newId } from '../platform/kernel/ids.js';
import type { ClientGrant } from './client.entity.js';
import { hashClientSecret, matchesOneOf, newClientSecret } from './client-secret.js';
import { ClientsRepository } from './clients.repository.js';
import type { ClientRecord, ClientsPage, ListedClient } from './client-records.js';

export interface NewClient {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly grants: readonly ClientGrant[];
}

/** A client whose secret was right just now. */
export interface AuthenticatedClient extends ClientRecord {
  /**
   * Before the secret was looked up, in milliseconds since the Unix epoch. A token that is issued for it carries this
   * time: what ended the secret or revoked the client's tokens later is then later than every such token.
   */
  readonly authenticatedAt: number;
}

/** Clients and their secrets. Who may change them, and what that means for tokens, is decided in auth. */
@Injectable()
export class ClientsService {
  constructor(
    private readonly clients: ClientsRepository,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {}

  /**
   * The client of this id, where the secret is one of its valid ones. One query, which does the same for a client that
   * does not exist as for a secret that is wrong.
   */
  async authenticate(id: string, secret: string): Promise<AuthenticatedClient | undefined> {
    const authenticatedAt = this.clock.now();
    // What is no id can be told from one by anybody: there is nothing to hide in not looking it up.
    if (!isUuid(id)) return undefined;
    const stored = await this.clients.findWithHashes(this.manager, id, new Date(authenticatedAt));
    if (!matchesOneOf(secret, stored?.hashes ?? []) || !stored) return undefined;
    const { hashes: _, ...client } = stored;
    return { ...client, authenticatedAt };
  }

  /**
   * Locks a client that the actor may change, until the transaction ends; undefined where there is no such client.
   * @throws AppError `insufficient_scope` where the client holds more of this service than the actor
   */
  async lockManagedIfKnown(
    manager: EntityManager,
    actor: Actor,
    id: string,
  ): Promise<ClientRecord | undefined> {
    const client = await this.clients.lock(manager, id);
    if (client) assertMayManage(actor, client.scopes);
    return client;
  }

  /** Adds a client in the caller's transaction, and answers its secret: the only time it is seen. */
  async add(manager: EntityManager, input: NewClient): Promise<{ client: ClientRecord; secret: string }> {
    const now = this.clock.now();
    const client = {
      id: newId(now),
      name: input.name,
      scopes: [...new Set(input.scopes)].sort(),
      grants: [...new Set(input.grants)].sort(),
      createdAt: new Date(now),
    };
    const secret = newClientSecret();
    await this.clients.insert(manager, client, hashClientSecret(secret));
    return { client, secret };
  }

  /**
   * Gives a client a new secret in the caller's transaction, which holds its row. The one before stays valid for the
   * overlap, and any older one ends now: never more than two are valid.
   */
  async rotateSecret(
    manager: EntityManager,
    clientId: string,
    overlapSeconds: number,
  ): Promise<{ secret: string; previousExpiresAt: Date | null }> {
    const now = this.clock.now();
    const previousExpiresAt = overlapSeconds === 0 ? null : new Date(now + overlapSeconds * 1000);
    const secret = newClientSecret();
    await this.clients.retireSecrets(manager, clientId, previousExpiresAt);
    await this.clients.insertSecret(manager, clientId, hashClientSecret(secret), new Date(now));
    return { secret, previousExpiresAt };
  }

  /** One page, in the order of creation, and how many there are in all. */
  async list(page: ClientsPage): Promise<{ clients: ListedClient[]; total: number }> {
    const now = new Date(this.clock.now());
    const [clients, total] = await Promise.all([
      this.clients.list(this.manager, { ...page, now }),
      this.clients.count(this.manager),
    ]);
    return { clients, total };
  }
}
