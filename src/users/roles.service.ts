import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { Actor } from '../access/principal.js';
import { assertFitTokens } from '../access/token-scopes.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../platform/database/transaction.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { RolesRepository } from './roles.repository.js';
import type { RoleRecord } from './user-records.js';
import { UserAccessService } from './user-access.service.js';
import { UsersRepository } from './users.repository.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { auditEvent } from '../audit/actor-event.js';

/** Lists, changes and deletes roles. A change of scopes makes the access tokens of the role's holders stale. */
@Injectable()
export class RolesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly roles: RolesRepository,
    private readonly users: UsersRepository,
    private readonly access: UserAccessService,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** All roles, by name. */
  async list(): Promise<RoleRecord[]> {
    return this.roles.list(this.manager);
  }

  /**
   * Locks the roles against change until the transaction ends. Roles are always locked before users, so that
   * transactions do not deadlock.
   */
  async share(manager: EntityManager, names: readonly string[]): Promise<RoleRecord[]> {
    return this.roles.share(manager, names);
  }

  /**
   * Locks the roles and checks that the actor may grant them.
   * @throws AppError `validation_failed` for an unknown role, `insufficient_scope`
   */
  async assertMayGrant(manager: EntityManager, actor: Actor, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const roles = await this.share(manager, names);
    if (roles.length < new Set(names).size) throw invalidField('roles', 'unknown_role');
    const scopes = roles.flatMap((role) => role.scopes);
    await this.access.assertMayManage(manager, actor, scopes);
  }

  /** Locks the roles that one user is to hold. @throws AppError `scopes_too_large` if their tokens would be too long */
  async assertFit(manager: EntityManager, names: readonly string[]): Promise<void> {
    assertFitTokens((await this.share(manager, names)).flatMap(({ scopes }) => scopes));
  }

  /**
   * Sets the scopes of a role, which is created if it does not exist. Access tokens of its holders become stale; a
   * refresh returns the new scopes.
   * @throws AppError `role_protected`; `insufficient_scope` if the role has or gets more than the actor holds;
   * `scopes_too_large` if tokens of a holder would be too long
   */
  async put(actor: Actor, name: string, scopes: readonly string[]): Promise<RoleRecord> {
    if (name === 'admin') throw new AppError('role_protected');
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      await this.roles.queueChanges(manager);
      const wanted = [...new Set(scopes)].sort();
      const { role, isNew } = await this.lockOrInsert(manager, name);
      await this.access.assertMayManage(manager, actor, [...role.scopes, ...wanted]);
      if (!isNew && same(role.scopes, wanted)) return role;
      await this.roles.setScopes(manager, name, wanted);
      await this.assertHoldersFit(manager, name, wanted);
      const versions = await this.users.raiseVersionsOfHolders(manager, name, new Date(this.clock.now()));
      await this.revocations.makeStale(transaction, versions, {
        reason: 'role changed',
        actor: actor.subject,
      });
      await this.audit.record(
        transaction,
        auditEvent(actor, 'role.changed', 'role', name, { scopes: wanted }),
      );
      return { name, scopes: wanted };
    });
  }

  private async lockOrInsert(
    manager: EntityManager,
    name: string,
  ): Promise<{ role: RoleRecord; isNew: boolean }> {
    const known = await this.roles.lock(manager, name);
    if (known) return { role: known, isNew: false };
    const isNew = await this.roles.insertIfMissing(manager, name);
    const role = await this.roles.lock(manager, name);
    // Another transaction deleted the role that it created a moment ago.
    return role ? { role, isNew } : this.lockOrInsert(manager, name);
  }

  /** The role alone must fit, and so must the roles of each holder together. */
  private async assertHoldersFit(
    manager: EntityManager,
    name: string,
    scopes: readonly string[],
  ): Promise<void> {
    assertFitTokens(scopes);
    const roles = new Map((await this.roles.list(manager)).map((role) => [role.name, role.scopes]));
    for (const held of await this.users.roleSetsOfHolders(manager, name)) {
      assertFitTokens(held.flatMap((role) => roles.get(role) ?? []));
    }
  }

  /** @throws AppError `not_found`, `role_protected`, `role_in_use`; `insufficient_scope` as in {@link put} */
  async delete(actor: Actor, name: string): Promise<void> {
    if (name === 'admin' || name === 'user') throw new AppError('role_protected');
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const role = await this.roles.lock(manager, name);
      if (!role) throw new AppError('not_found');
      await this.access.assertMayManage(manager, actor, role.scopes);
      if (await this.users.holdsRole(manager, name)) throw new AppError('role_in_use');
      await this.roles.delete(manager, name);
      await this.audit.record(transaction, auditEvent(actor, 'role.deleted', 'role', name));
    });
  }
}

function same(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((scope) => others.includes(scope));
}
