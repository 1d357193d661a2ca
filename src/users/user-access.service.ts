import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { assertMayManage } from '../access/authority.js';
import type { Actor } from '../access/principal.js';
import { AppError } from '../platform/kernel/app-error.js';
import type { UserStatus } from './user.entity.js';
import { UsersRepository } from './users.repository.js';
import type { UserRecord } from './user-records.js';

/**
 * The rows that a change of a user's access touches: locks, roles, status and the permission version. Each method takes
 * part in the caller's transaction, which also ends sessions and revokes tokens where the change asks for it.
 */
@Injectable()
export class UserAccessService {
  constructor(private readonly users: UsersRepository) {}

  /**
   * Locks a user until the transaction ends: roles, their scopes and the status stay as they are, because every change
   * of them raises the permission version in that row.
   * @returns whether there is such a user
   */
  async lock(manager: EntityManager, id: string): Promise<boolean> {
    return (await this.users.lock(manager, id)) !== undefined;
  }

  /**
   * Locks a user whom the actor may change, until the transaction ends.
   * @throws AppError `not_found`; `insufficient_scope` where the user holds more of this service than the actor
   */
  async lockManaged(manager: EntityManager, actor: Actor, id: string): Promise<UserRecord> {
    const user = await this.lockManagedIfKnown(manager, actor, id);
    if (!user) throw new AppError('not_found');
    return user;
  }

  /** {@link lockManaged} for ids that may belong to no user: undefined where there is none. */
  async lockManagedIfKnown(
    manager: EntityManager,
    actor: Actor,
    id: string,
  ): Promise<UserRecord | undefined> {
    const known = await this.users.lock(manager, id);
    // A second statement reads the roles: the one that waited for the lock would return those of before.
    const user = known === undefined ? undefined : await this.users.findById(manager, known);
    if (user) assertMayManage(actor, user.scopes);
    return user;
  }

  /**
   * Whether a user is the only active administrator. Locks the role until the transaction ends, so that two
   * administrators who leave at the same moment are told apart.
   */
  async isLastAdministrator(manager: EntityManager, id: string): Promise<boolean> {
    return this.users.isLastAdministrator(manager, id);
  }

  /** Whether any user holds the role `admin`. */
  async hasAdministrator(manager: EntityManager): Promise<boolean> {
    return this.users.holdsRole(manager, 'admin');
  }

  /** Makes these the roles of a user, whom the caller has locked. */
  async replaceRoles(manager: EntityManager, id: string, roles: readonly string[]): Promise<void> {
    await this.users.replaceRoles(manager, id, roles);
  }

  /** Raises the permission version, sets the status where one is given, and returns the version; undefined without such a user. */
  async raisePermissionVersion(
    manager: EntityManager,
    id: string,
    change: { readonly status?: UserStatus; readonly now: Date },
  ): Promise<number | undefined> {
    return this.users.raisePermissionVersion(manager, id, change);
  }

  /** Deletes a user with their roles and sessions. */
  async delete(manager: EntityManager, id: string): Promise<void> {
    await this.users.delete(manager, id);
  }
}
