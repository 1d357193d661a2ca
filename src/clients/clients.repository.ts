import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ClientRecord, ListedClient, StoredClient, ClientsPage } from './client-records.js';

const CLIENT = `c.id, c.name, c.scopes, c.grants, c.created_at AS "createdAt"`;

/** Every statement on `clients` and `client_secrets`. Each method is one statement. */
@Injectable()
export class ClientsRepository {
  /** Adds a client with its first secret. */
  async insert(manager: EntityManager, client: ClientRecord, hash: Buffer): Promise<void> {
    const { id, name, scopes, grants, createdAt } = client;
    await manager.query(
      `WITH client AS (INSERT INTO clients (id, name, scopes, grants, created_at) VALUES ($1, $2, $3, $4, $5))
       INSERT INTO client_secrets (client_id, hash, created_at) VALUES ($1, $6, $5)`,
      [id, name, scopes, grants, createdAt, hash],
    );
  }

  /**
   * A client and the hashes of the secrets that are valid: two at most, found by one index. The database does the same,
   * and answers a row, where there is no such client: how long it takes should tell nobody.
   */
  async findWithHashes(manager: EntityManager, id: string, now: Date): Promise<StoredClient | undefined> {
    const rows: Array<Omit<StoredClient, 'id'> & { readonly id: string | null }> = await manager.query(
      `SELECT ${CLIENT}, ARRAY(SELECT s.hash FROM client_secrets s
                                WHERE s.client_id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2)) AS hashes
         FROM (SELECT $1::uuid AS id) asked LEFT JOIN clients c ON c.id = asked.id`,
      [id, now],
    );
    return rows.find((row): row is StoredClient => row.id !== null);
  }

  /** Holds a client until the transaction ends. Undefined where there is none. */
  async lock(manager: EntityManager, id: string): Promise<ClientRecord | undefined> {
    const rows: ClientRecord[] = await manager.query(
      `SELECT ${CLIENT} FROM clients c WHERE c.id = $1 FOR UPDATE`,
      [id],
    );
    return rows[0];
  }

  /** In the order of creation. */
  async list(manager: EntityManager, page: ClientsPage & { readonly now: Date }): Promise<ListedClient[]> {
    return manager.query(
      `SELECT ${CLIENT}, coalesce((
                SELECT json_agg(json_build_object('createdAt', s.created_at, 'expiresAt', s.expires_at)
                                ORDER BY s.expires_at IS NULL DESC)
                  FROM client_secrets s
                 WHERE s.client_id = c.id AND (s.expires_at IS NULL OR s.expires_at > $4)), '[]') AS secrets
         FROM clients c WHERE $3::uuid IS NULL OR c.id > $3
        ORDER BY c.id LIMIT $1 OFFSET $2`,
      [page.limit, page.offset, page.after ?? null, page.now],
    );
  }

  async count(manager: EntityManager): Promise<number> {
    const rows: Array<{ count: number }> = await manager.query('SELECT count(*)::int AS count FROM clients');
    return rows[0]?.count ?? 0;
  }

  /**
   * Gives the newest secret an end, and drops the one before it. The caller holds the client's row.
   * @param until when it ends; null drops it at once
   */
  async retireSecrets(manager: EntityManager, clientId: string, until: Date | null): Promise<void> {
    await manager.query(
      `WITH dropped AS (
         DELETE FROM client_secrets WHERE client_id = $1 AND (expires_at IS NOT NULL OR $2::timestamptz IS NULL))
       UPDATE client_secrets SET expires_at = $2
        WHERE client_id = $1 AND expires_at IS NULL AND $2::timestamptz IS NOT NULL`,
      [clientId, until],
    );
  }

  async insertSecret(manager: EntityManager, clientId: string, hash: Buffer, now: Date): Promise<void> {
    await manager.query(`INSERT INTO client_secrets (client_id, hash, created_at) VALUES ($1, $2, $3)`, [
      clientId,
      hash,
      now,
    ]);
  }

  /** Deletes a client with its secrets. */
  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.query('DELETE FROM clients WHERE id = $1', [id]);
  }
}
