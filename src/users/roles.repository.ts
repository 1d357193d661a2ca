import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Role } from './role.entity.js';
import type { RoleRecord } from './user-records.js';

/** An advisory lock, so that changes of two roles of one user see each other. */
const CHANGES_LOCK = 0x726f6c65;

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

  /** Creates a role without scopes. @returns whether it did; false if the role exists, also by a parallel transaction */
  async insertIfMissing(manager: EntityManager, name: string): Promise<boolean> {
    const insert = manager.createQueryBuilder().insert().into(Role).values({ name, scopes: [] });
    const { raw } = (await insert.orIgnore().returning('name').execute()) as { raw: unknown[] };
    return raw.length > 0;
  }

  /** Waits for other changes of roles, and makes later ones wait, until the transaction ends. */
  async queueChanges(manager: EntityManager): Promise<void> {
    // Raw: an advisory lock, which belongs to no table.
    await manager.query('SELECT pg_advisory_xact_lock($1)', [CHANGES_LOCK]);
  }

  async setScopes(manager: EntityManager, name: string, scopes: readonly string[]): Promise<void> {
    await manager.update(Role, { name }, { scopes: [...scopes] });
  }

  async delete(manager: EntityManager, name: string): Promise<void> {
    await manager.delete(Role, { name });
  }
}
