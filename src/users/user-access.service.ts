import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { assertMayEnd, assertMayManage } from '../access/authority.js';
import type { Actor } from '../access/principal.js';
import { isServiceScope } from '../access/scopes.js';
import { AppError } from '../platform/kernel/app-error.js';
import { UsersRepository } from './users.repository.js';
import type { UserRecord, VersionChange } from './user-records.js';

/**
 * Locks users and changes their roles, status and permission version. Each method takes part in the caller's transaction,
 * which also ends the sessions and revokes the tokens that the change concerns.
 */
@Injectable()
export class UserAccessService {
  constructor(private readonly users: UsersRepository) {}

  /**
   * Locks a user until the transaction ends: roles, their scopes and the status stay as they are, because every change
   * of them raises the permission version in that row.
   * @returns the user under the lock; undefined for an unknown id
   */
  async lock(manager: EntityManager, id: string): Promise<UserRecord | undefined> {
    const known = await this.users.lock(manager, id);
    // A second statement reads the roles: the one that waited for the lock would return those of before.
    return known === undefined ? undefined : this.users.findById(manager, known);
  }

  /**
   * Locks a user whom the actor may change, until the transaction ends.
   * @throws AppError `not_found`; `insufficient_scope` if the actor could not give the user's scopes
   */
  async lockManaged(manager: EntityManager, actor: Actor, id: string): Promise<UserRecord> {
    const user = await this.lock(manager, id);
    if (!user) throw new AppError('not_found');
    await this.assertMayManage(manager, actor, user.scopes);
    return user;
  }

  /**
   * Locks a user whose sessions and tokens the actor may end, until the transaction ends; undefined for an unknown id.
   * @throws AppError `insufficient_scope` if the user holds more of this service than the actor
   */
  async lockToEnd(manager: EntityManager, actor: Actor, id: string): Promise<UserRecord | undefined> {
    const user = await this.lock(manager, id);
    if (user) assertMayEnd(actor, user.scopes);
    return user;
  }

  /** @throws AppError `insufficient_scope` if the actor may neither give nor manage the scopes, see authority.ts */
  async assertMayManage(manager: EntityManager, actor: Actor, scopes: readonly string[]): Promise<void> {
    assertMayManage(actor, scopes, await this.scopesHeldBy(manager, actor));
  }

  /** Whether there is a user with this id. */
  async exists(manager: EntityManager, id: string): Promise<boolean> {
    return this.users.exists(manager, id);
  }

  /**
   * The scopes that an actor may hand on: those of the token, and the application scopes of the actor's account, which a
   * token for this service does not carry. None for the operator, whom no scope bounds.
   */
  private async scopesHeldBy(manager: EntityManager, actor: Actor): Promise<ReadonlySet<string>> {
    if (actor.kind === 'operator') return new Set();
    if (actor.kind === 'client') return actor.scopes;
    const account = await this.users.findById(manager, actor.userId);
    const ofApplications = account?.scopes.filter((scope) => !isServiceScope(scope)) ?? [];
    return new Set([...actor.scopes, ...ofApplications]);
  }

  /**
   * Whether a user is the only active administrator. Locks the role until the transaction ends, so that of two
   * administrators who leave at the same moment one stays.
   */
  async isLastAdministrator(manager: EntityManager, id: string): Promise<boolean> {
    return this.users.isLastAdministrator(manager, id);
  }

  /** Whether any user holds the role `admin`. */
  async hasAdministrator(manager: EntityManager): Promise<boolean> {
    return this.users.holdsRole(manager, 'admin');
  }

  /** Replaces the roles of a user whom the caller has locked. */
  async replaceRoles(manager: EntityManager, id: string, roles: readonly string[]): Promise<void> {
    await this.users.replaceRoles(manager, id, roles);
  }

  /**
   * Raises the permission version, and sets the status if one is given.
   * @returns the new version; undefined for an unknown id
   */
  async raisePermissionVersion(
    manager: EntityManager,
    id: string,
    change: VersionChange,
  ): Promise<number | undefined> {
    return this.users.raisePermissionVersion(manager, id, change);
  }

  /** Deletes a user with their roles and sessions. */
  async delete(manager: EntityManager, id: string): Promise<void> {
    await this.users.delete(manager, id);
  }
}
