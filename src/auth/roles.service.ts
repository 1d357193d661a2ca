import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { Principal } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions } from '../database/transaction.js';
import { AppError } from '../kernel/app-error.js';
import { Clock } from '../kernel/clock.js';
import { RolesRepository, type RoleRecord } from '../users/roles.repository.js';
import { UsersRepository } from '../users/users.repository.js';
import { AccessChanges } from './access-changes.service.js';
import { by } from './audit-by.js';
import { scopesToManage } from './grant.policy.js';
import { assertScopes } from './guards/scopes.guard.js';

/** Roles and what follows from a change of one for the tokens of its holders. */
@Injectable()
export class RolesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly manager: EntityManager,
    private readonly roles: RolesRepository,
    private readonly users: UsersRepository,
    private readonly changes: AccessChanges,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** All roles, by name. */
  async list(): Promise<RoleRecord[]> {
    return this.roles.list(this.manager);
  }

  /**
   * Makes these the scopes of a role, which is created where it is not there. Access tokens of its holders are stale
   * from now on; refreshing brings the new scopes.
   * @throws AppError `role_protected`; `insufficient_scope` where the role has or gets more than the principal holds
   */
  async put(principal: Principal, name: string, scopes: readonly string[]): Promise<RoleRecord> {
    if (name === 'admin') throw new AppError('role_protected');
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const role = await this.roles.lockOrInsert(manager, name);
      assertScopes(principal.scopes, scopesToManage([...role.scopes, ...scopes]));
      const wanted = [...new Set(scopes)].sort();
      if (same(role.scopes, wanted)) return role;
      await this.roles.setScopes(manager, name, wanted);
      const versions = await this.users.raiseVersionsOfHolders(manager, name, new Date(this.clock.now()));
      await this.changes.makeStale(transaction, versions, {
        reason: 'role changed',
        actor: principal.subject,
      });
      await this.audit.record(transaction, by(principal, 'role.changed', 'role', name, { scopes: wanted }));
      return { name, scopes: wanted };
    });
  }

  /** @throws AppError `not_found`, `role_protected`, `role_in_use`; `insufficient_scope` as in {@link put} */
  async delete(principal: Principal, name: string): Promise<void> {
    if (name === 'admin' || name === 'user') throw new AppError('role_protected');
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const role = await this.roles.lock(manager, name);
      if (!role) throw new AppError('not_found');
      assertScopes(principal.scopes, scopesToManage(role.scopes));
      if (await this.users.holdsRole(manager, name)) throw new AppError('role_in_use');
      await this.roles.delete(manager, name);
      await this.audit.record(transaction, by(principal, 'role.deleted', 'role', name));
    });
  }
}

function same(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((scope) => others.includes(scope));
}
