import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { RolesService } from '../users/roles.service.js';
import type { UserStatus } from '../users/user.entity.js';
import { UserAccessService } from '../users/user-access.service.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService, type ChangeProfile, type CreateUser } from '../users/users.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { auditEvent } from '../audit/actor-event.js';

export interface ChangeUser {
  readonly profile: ChangeProfile;
  readonly roles?: readonly string[] | undefined;
  readonly status?: UserStatus | undefined;
}

/** Creates, changes and deletes other accounts within the actor's scopes. Each change commits with its revocation. */
@Injectable()
export class UsersAdminService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly access: UserAccessService,
    private readonly roles: RolesService,
    private readonly termination: SessionTermination,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws AppError `validation_failed`, `insufficient_scope`, `scopes_too_large`, `email_taken`, `username_taken`,
   * `overloaded`
   */
  async create(actor: Actor, input: CreateUser): Promise<UserRecord> {
    const user = await this.users.prepare(input);
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      await this.roles.assertMayGrant(manager, actor, input.roles);
      await this.roles.assertFit(manager, input.roles);
      const created = await this.users.add(user, manager);
      const { roles } = created;
      await this.audit.record(transaction, auditEvent(actor, 'user.registered', 'user', user.id, { roles }));
      return created;
    });
  }

  /**
   * Changes profile, roles and status together or not at all. New roles make access tokens stale, disabling revokes all
   * tokens, a new name or e-mail address does neither. A change of nothing writes nothing.
   * @throws AppError `not_found`, `insufficient_scope`, `scopes_too_large`, `last_administrator`, `validation_failed`,
   * `email_taken`, `username_taken`
   */
  async change(actor: Actor, id: string, change: ChangeUser): Promise<UserRecord> {
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const { user, last } = await this.lock(manager, actor, id, change);
      const added = change.roles?.filter((role) => !user.roles.includes(role)) ?? [];
      await this.roles.assertMayGrant(manager, actor, added);
      if (last && endsAdministration(change)) throw new AppError('last_administrator');
      const { fields } = await this.users.changeProfile(manager, user, change.profile);
      if (fields.length > 0) {
        await this.audit.record(transaction, auditEvent(actor, 'user.updated', 'user', user.id, { fields }));
      }
      await this.changeAccess(transaction, actor, user, change);
      return this.users.get(user.id, manager);
    });
  }

  /** @throws AppError `not_found`, `insufficient_scope`, `last_administrator` */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const { user, last } = await this.lock(manager, actor, id, { status: 'disabled' });
      if (last) throw new AppError('last_administrator');
      const cause = { reason: 'account deleted', actor: actor.subject };
      await this.termination.endAll(transaction, user.id, cause);
      await this.access.delete(manager, user.id);
      await this.audit.record(transaction, auditEvent(actor, 'user.deleted', 'user', user.id));
    });
  }

  /**
   * Locks the rows of a change, roles before users as everywhere, so that transactions do not deadlock.
   * @returns the user, and whether the change would remove the last administrator
   */
  private async lock(
    manager: EntityManager,
    actor: Actor,
    id: string,
    change: Pick<ChangeUser, 'roles' | 'status'>,
  ): Promise<{ user: UserRecord; last: boolean }> {
    const last = endsAdministration(change) && (await this.access.isLastAdministrator(manager, id));
    if (change.roles) await this.roles.assertFit(manager, change.roles);
    return { user: await this.access.lockManaged(manager, actor, id), last };
  }

  private async changeAccess(
    transaction: Transaction,
    actor: Actor,
    user: UserRecord,
    change: ChangeUser,
  ): Promise<void> {
    const { manager } = transaction;
    const cause = { actor: actor.subject };
    const status = change.status === user.status ? undefined : change.status;
    const roles = change.roles && !sameRoles(user.roles, change.roles) ? change.roles : undefined;
    if (roles) {
      await this.access.replaceRoles(manager, user.id, roles);
      await this.audit.record(
        transaction,
        auditEvent(actor, 'user.roles_changed', 'user', user.id, { roles }),
      );
    }
    if (status) {
      const action = status === 'disabled' ? 'user.disabled' : 'user.enabled';
      await this.audit.record(transaction, auditEvent(actor, action, 'user', user.id));
    }
    if (status === 'disabled') {
      await this.termination.endAll(transaction, user.id, {
        status,
        reason: 'account disabled',
        ...cause,
      });
    } else if (status || roles) {
      const raise = { ...(status && { status }), now: new Date(this.clock.now()) };
      const version = await this.access.raisePermissionVersion(manager, user.id, raise);
      const versions = new Map(roles && version !== undefined ? [[user.id, version]] : []);
      await this.revocations.makeStale(transaction, versions, { reason: 'roles changed', ...cause });
    }
  }
}

function endsAdministration({ roles, status }: Pick<ChangeUser, 'roles' | 'status'>): boolean {
  return status === 'disabled' || (roles !== undefined && !roles.includes('admin'));
}

function sameRoles(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((role) => others.includes(role));
}
