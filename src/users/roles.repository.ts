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

  /** The roles of these names that exist; they stay as they are until the transaction ends. */
  async share(manager: EntityManager, names: readonly string[]): Promise<RoleRecord[]> {
    return manager.find(Role, {
      where: { name: In([...names]) },
      order: { name: 'ASC' },
      lock: { mode: 'pessimistic_read' },
    });
  }

  /** Locks a role until the transaction ends: no user gets it meanwhile. Undefined where there is none. */
  async lock(manager: EntityManager, name: string): Promise<RoleRecord | undefined> {
    const role = await manager.findOne(Role, { where: { name }, lock: { mode: 'pessimistic_write' } });
    return role ?? undefined;
  }

  /**
   * {@link lock}, and makes the role without scopes where there is none. Naming the key column in the update takes the lock
   * that a new row of `user_roles` waits for; a weaker lock would let a user get the role unseen.
   */
  async lockOrInsert(manager: EntityManager, name: string): Promise<RoleRecord> {
    // Raw: the update of the key column is the lock, which no query builder says.
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
