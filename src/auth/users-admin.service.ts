import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Principal } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../database/transaction.js';
import { AppError } from '../kernel/app-error.js';
import { Clock } from '../kernel/clock.js';
import { GuessLimits } from '../limits/guess-limits.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { RolesRepository } from '../users/roles.repository.js';
import type { UserStatus } from '../users/user.entity.js';
import { UsersRepository, type UserRecord } from '../users/users.repository.js';
import { UsersService, type ChangeProfile, type CreateUser } from '../users/users.service.js';
import { AccessChanges } from './access-changes.service.js';
import { by } from './audit-by.js';
import { AuthorityService } from './authority.service.js';

export interface ChangeUser {
  readonly profile: ChangeProfile;
  readonly roles?: readonly string[] | undefined;
  readonly status?: UserStatus | undefined;
}

/** Other people's accounts, as far as the principal's scopes reach; each change and its revocation commit together. */
@Injectable()
export class UsersAdminService {
  constructor(
    private readonly transactions: Transactions,
    private readonly accounts: UsersService,
    private readonly users: UsersRepository,
    private readonly roles: RolesRepository,
    private readonly sessions: SessionsRepository,
    private readonly authority: AuthorityService,
    private readonly changes: AccessChanges,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
    private readonly limits: GuessLimits,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `validation_failed`, `insufficient_scope`, `email_taken`, `username_taken`, `overloaded` */
  async create(principal: Principal, input: CreateUser): Promise<UserRecord> {
    const user = await this.accounts.prepare(input);
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      await this.authority.assertMayGrant(manager, principal, input.roles);
      const created = await this.accounts.add(user, manager);
      const { roles } = created;
      await this.audit.record(transaction, by(principal, 'user.registered', 'user', user.id, { roles }));
      return created;
    });
  }

  /**
   * Changes profile, roles and status together or not at all. New roles make access tokens stale, disabling kills all
   * tokens; a new name or e-mail address does neither.
   * @throws AppError `not_found`, `insufficient_scope`, `last_administrator`, `validation_failed`, `email_taken`,
   * `username_taken`
   */
  async change(principal: Principal, id: string, change: ChangeUser): Promise<UserRecord> {
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const { user, last } = await this.lock(manager, principal, id, change);
      const added = change.roles?.filter((role) => !user.roles.includes(role)) ?? [];
      await this.authority.assertMayGrant(manager, principal, added);
      if (last && endsAdministration(change)) throw new AppError('last_administrator');
      const fields = Object.entries(change.profile).flatMap(([name, value]) =>
        value === undefined ? [] : [name],
      );
      if (fields.length > 0) {
        await this.accounts.changeProfile(user.id, change.profile, manager);
        await this.audit.record(transaction, by(principal, 'user.updated', 'user', user.id, { fields }));
      }
      await this.changeAccess(transaction, principal, user, change);
      return this.accounts.get(user.id, manager);
    });
  }

  /** @throws AppError `not_found`, `insufficient_scope`, `last_administrator` */
  async delete(principal: Principal, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const { user, last } = await this.lock(manager, principal, id, { status: 'disabled' });
      if (last) throw new AppError('last_administrator');
      const cause = { reason: 'account deleted', actor: principal.subject };
      await this.changes.endEverything(transaction, user.id, cause);
      await this.users.delete(manager, user.id);
      await this.audit.record(transaction, by(principal, 'user.deleted', 'user', user.id));
    });
  }

  /** Ends every session of a user. @throws AppError `not_found`, `insufficient_scope` */
  async endSessions(principal: Principal, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const user = await this.lockUser(transaction.manager, principal, id);
      const cause = { reason: 'sessions ended by an administrator', actor: principal.subject };
      await this.changes.endEverything(transaction, user.id, cause);
      await this.audit.record(transaction, by(principal, 'session.ended_all', 'user', user.id));
    });
  }

  /** Forgets the wrong passwords for an account, so that it can be logged in to at once. @throws AppError `not_found` */
  async forgetFailures(principal: Principal, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const user = await this.lockUser(transaction.manager, principal, id);
      await this.audit.record(transaction, by(principal, 'user.failures_forgotten', 'user', user.id));
    });
    await this.limits.clear(id);
  }

  /** Ends one session. @throws AppError `not_found` where it is no live session of the user, `insufficient_scope` */
  async endSession(principal: Principal, id: string, sessionId: string): Promise<void> {
    const now = new Date(this.clock.now());
    const cause = { reason: 'session ended by an administrator', actor: principal.subject };
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const user = await this.lockUser(manager, principal, id);
      const subjects = await this.sessions.end(manager, user.id, { only: sessionId, ...cause, now });
      if (subjects.length === 0) throw new AppError('not_found');
      await this.revocations.revoke(transaction, { kind: 'session', subjects, ...cause });
      await this.audit.record(transaction, by(principal, 'session.ended', 'session', sessionId));
    });
  }

  /** Locks what a change is about, in the order of AuthorityService, and tells whether it is the last administrator. */
  private async lock(
    manager: EntityManager,
    principal: Principal,
    id: string,
    change: Pick<ChangeUser, 'roles' | 'status'>,
  ): Promise<{ user: UserRecord; last: boolean }> {
    const last = endsAdministration(change) && (await this.users.isLastAdministrator(manager, id));
    if (change.roles) await this.roles.share(manager, change.roles);
    return { user: await this.lockUser(manager, principal, id), last };
  }

  private async lockUser(manager: EntityManager, principal: Principal, id: string): Promise<UserRecord> {
    const user = await this.authority.lockUser(manager, principal, id);
    if (!user) throw new AppError('not_found');
    return user;
  }

  private async changeAccess(
    transaction: Transaction,
    principal: Principal,
    user: UserRecord,
    change: ChangeUser,
  ): Promise<void> {
    const { manager } = transaction;
    const { subject: actor } = principal;
    const status = change.status === user.status ? undefined : change.status;
    const roles = change.roles && !sameRoles(user.roles, change.roles) ? change.roles : undefined;
    if (roles) {
      await this.users.replaceRoles(manager, user.id, roles);
      await this.audit.record(transaction, by(principal, 'user.roles_changed', 'user', user.id, { roles }));
    }
    if (status) {
      const action = status === 'disabled' ? 'user.disabled' : 'user.enabled';
      await this.audit.record(transaction, by(principal, action, 'user', user.id));
    }
    if (status === 'disabled') {
      await this.changes.endEverything(transaction, user.id, { status, reason: 'account disabled', actor });
    } else if (status || roles) {
      const raise = { ...(status && { status }), now: new Date(this.clock.now()) };
      const version = await this.users.raisePermissionVersion(manager, user.id, raise);
      const versions = new Map(roles && version !== undefined ? [[user.id, version]] : []);
      await this.changes.makeStale(transaction, versions, { reason: 'roles changed', actor });
    }
  }
}

function endsAdministration({ roles, status }: Pick<ChangeUser, 'roles' | 'status'>): boolean {
  return status === 'disabled' || (roles !== undefined && !roles.includes('admin'));
}

function sameRoles(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((role) => others.includes(role));
}
