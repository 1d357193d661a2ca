import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RoleRecord } from './user-records.js';

/** Every statement on `roles`. Each method is one statement and takes part in the caller's transaction. */
@Injectable()
export class RolesRepository {
  async list(manager: EntityManager): Promise<RoleRecord[]> {
    return manager.query('SELECT name, scopes FROM roles ORDER BY name');
  }

  /** The roles of these names that there are; they stay as they are until the transaction ends. */
  async share(manager: EntityManager, names: readonly string[]): Promise<RoleRecord[]> {
    return manager.query('SELECT name, scopes FROM roles WHERE name = ANY ($1) ORDER BY name FOR SHARE', [
      names,
    ]);
  }

  /** Holds a role until the transaction ends: nobody gets it meanwhile. Undefined where there is none. */
  async lock(manager: EntityManager, name: string): Promise<RoleRecord | undefined> {
    const rows: RoleRecord[] = await manager.query(
      'SELECT name, scopes FROM roles WHERE name = $1 FOR UPDATE',
      [name],
    );
    return rows[0];
  }

  /**
   * The same for a role that is made, without scopes, where there is none. To name the key column in the update is
   * what takes the lock that a row of `user_roles` waits for; a weaker one would let somebody get the role unseen.
   */
  async lockOrInsert(manager: EntityManager, name: string): Promise<RoleRecord> {
    const rows: RoleRecord[] = await manager.query(
      `INSERT INTO roles (name, scopes) VALUES ($1, '{}')
       ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING name, scopes`,
      [name],
    );
    return rows[0] as RoleRecord;
  }

  async setScopes(manager: EntityManager, name: string, scopes: readonly string[]): Promise<void> {
    await manager.query('UPDATE roles SET scopes = $2 WHERE name = $1', [name, scopes]);
  }

  async delete(manager: EntityManager, name: string): Promise<void> {
    await manager.query('DELETE FROM roles WHERE name = $1', [name]);
  }
}
