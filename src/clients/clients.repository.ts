import { Injectable } from '@nestjs/common';
import { In, IsNull, MoreThan, Not, type EntityManager } from 'typeorm';
import type { ClientRecord, ClientsPage, ListedClient, StoredClient } from './client-records.js';
import { Client, ClientSecret } from './client.entity.js';

/** The statements on `clients` and `client_secrets`. Each method takes part in the caller's transaction. */
@Injectable()
export class ClientsRepository {
  /** Adds a client with its first secret. */
  async insert(manager: EntityManager, client: ClientRecord, hash: Buffer): Promise<void> {
    const { id: clientId, createdAt } = client;
    await manager.insert(Client, client);
    await manager.insert(ClientSecret, { clientId, hash, createdAt });
  }

  /**
   * A client and the hashes of its valid secrets: two at most, found by one index. For an unknown id the database does
   * the same work and returns a row of nulls, so that the time does not tell which ids exist.
   */
  async findWithHashes(manager: EntityManager, id: string, now: Date): Promise<StoredClient | undefined> {
    // Raw: one statement that does the same work for an unknown client as for a wrong secret.
    const rows: Array<Omit<StoredClient, 'id'> & { readonly id: string | null }> = await manager.query(
      `SELECT c.id, c.name, c.scopes, c.grants, c.resources, c.created_at AS "createdAt",
              ARRAY(SELECT s.hash FROM client_secrets s
                     WHERE s.client_id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2)) AS hashes
         FROM (SELECT $1::uuid AS id) asked LEFT JOIN clients c ON c.id = asked.id`,
      [id, now],
    );
    return rows.find((row): row is StoredClient => row.id !== null);
  }

  /** Locks a client until the transaction ends. Undefined if there is no such client. */
  async lock(manager: EntityManager, id: string): Promise<ClientRecord | undefined> {
    const client = await manager.findOne(Client, { where: { id }, lock: { mode: 'pessimistic_write' } });
    return client ?? undefined;
  }

  async exists(manager: EntityManager, id: string): Promise<boolean> {
    return manager.existsBy(Client, { id });
  }

  /** In the order of creation, each with its valid secrets, newest first. */
  async list(manager: EntityManager, page: ClientsPage & { readonly now: Date }): Promise<ListedClient[]> {
    const { limit, offset, after, now } = page;
    const clients = await manager.find(Client, {
      where: after === undefined ? {} : { id: MoreThan(after) },
      order: { id: 'ASC' },
      take: limit,
      skip: offset,
    });
    return this.withSecrets(manager, clients, now);
  }

  /** A client with its valid secrets, newest first. Undefined if there is no such client. */
  async find(manager: EntityManager, id: string, now: Date): Promise<ListedClient | undefined> {
    const [client] = await this.withSecrets(manager, await manager.findBy(Client, { id }), now);
    return client;
  }

  private async withSecrets(
    manager: EntityManager,
    clients: readonly Client[],
    now: Date,
  ): Promise<ListedClient[]> {
    const clientId = In(clients.map(({ id }) => id));
    const secrets = await manager.find(ClientSecret, {
      where: [
        { clientId, expiresAt: IsNull() },
        { clientId, expiresAt: MoreThan(now) },
      ],
      order: { expiresAt: { direction: 'DESC', nulls: 'FIRST' } },
    });
    return clients.map((client) => ({
      ...client,
      secrets: secrets.filter((secret) => secret.clientId === client.id),
    }));
  }

  async count(manager: EntityManager): Promise<number> {
    return manager.count(Client);
  }

  /**
   * Sets the end of the newest secret and deletes the one before it. The caller has locked the client.
   * @param until when the newest secret ends; null deletes it at once
   */
  async retireSecrets(manager: EntityManager, clientId: string, until: Date | null): Promise<void> {
    if (until === null) {
      await manager.delete(ClientSecret, { clientId });
      return;
    }
    await manager.delete(ClientSecret, { clientId, expiresAt: Not(IsNull()) });
    await manager.update(ClientSecret, { clientId }, { expiresAt: until });
  }

  async insertSecret(manager: EntityManager, clientId: string, hash: Buffer, now: Date): Promise<void> {
    await manager.insert(ClientSecret, { clientId, hash, createdAt: now });
  }

  /** Deletes a client with its secrets. */
  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.delete(Client, { id });
  }
}
