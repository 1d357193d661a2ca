import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Role } from './role.entity.js';
import type { RoleRecord } from './user-records.js';

/** The statements on `roles`. Each method takes part in the caller's transaction. */
@Injectable()
export class RolesRepository {
  /** All roles, by name. */
  async list(manager: EntityManager): Promise<RoleRecord[]> {
    return manager.find(Role, { order: { name: 'ASC' } });
  }

  /** Locks the existing roles of these names against changes until the transaction ends, and returns them. */
  async share(manager: EntityManager, names: readonly string[]): Promise<RoleRecord[]> {
    return manager.find(Role, {
      where: { name: In([...names]) },
      order: { name: 'ASC' },
      lock: { mode: 'pessimistic_read' },
    });
  }

  /** Locks a role until the transaction ends, so that no user gets it meanwhile. Undefined for an unknown name. */
  async lock(manager: EntityManager, name: string): Promise<RoleRecord | undefined> {
    const role = await manager.findOne(Role, { where: { name }, lock: { mode: 'pessimistic_write' } });
    return role ?? undefined;
  }

  /**
   * Locks a role like {@link lock}, after creating it without scopes if it does not exist. The update names the key
   * column, which takes the lock that a new row of `user_roles` waits for; a weaker one would let a user get the role.
   */
  async lockOrInsert(manager: EntityManager, name: string): Promise<RoleRecord> {
    // Raw: the update of the key column takes the lock, which the query builder cannot express.
    const rows: RoleRecord[] = await manager.query(
      `INSERT INTO roles (name, scopes) VALUES ($1, '{}')
       ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING name, scopes`,
      [name],
    );
    return rows[0] as RoleRecord;
  }

  async setScopes(manager: EntityManager, name: string, scopes: readonly string[]): Promise<void> {
    await manager.update(Role, { name }, { scopes: [...scopes] });
  }

  async delete(manager: EntityManager, name: string): Promise<void> {
    await manager.delete(Role, { name });
  }
}
