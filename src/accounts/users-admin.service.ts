import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { GuessLimits } from '../limits/guess-limits.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { assertAcceptablePassword } from '../passwords/password-policy.js';
import { RevocationsService } from '../revocation/revocations.service.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { RolesService } from '../users/roles.service.js';
import type { UserStatus } from '../users/user.entity.js';
import { UsersRepository, type UserRecord } from '../users/users.repository.js';
import { UsersService, type ChangeProfile, type CreateUser } from '../users/users.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import { auditEvent } from '../audit/actor-event.js';

export interface ChangeUser {
  readonly profile: ChangeProfile;
  readonly roles?: readonly string[] | undefined;
  readonly status?: UserStatus | undefined;
}

/** Other people's accounts, as far as the actor's scopes reach; each change and its revocation commit together. */
@Injectable()
export class UsersAdminService {
  constructor(
    private readonly transactions: Transactions,
    private readonly accounts: UsersService,
    private readonly users: UsersRepository,
    private readonly roles: RolesService,
    private readonly sessions: SessionsRepository,
    private readonly termination: SessionTermination,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
    private readonly limits: GuessLimits,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `validation_failed`, `insufficient_scope`, `email_taken`, `username_taken`, `overloaded` */
  async create(actor: Actor, input: CreateUser): Promise<UserRecord> {
    const user = await this.accounts.prepare(input);
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      await this.roles.assertMayGrant(manager, actor, input.roles);
      const created = await this.accounts.add(user, manager);
      const { roles } = created;
      await this.audit.record(transaction, auditEvent(actor, 'user.registered', 'user', user.id, { roles }));
      return created;
    });
  }

  /**
   * Changes profile, roles and status together or not at all. New roles make access tokens stale, disabling kills all
   * tokens; a new name or e-mail address does neither.
   * @throws AppError `not_found`, `insufficient_scope`, `last_administrator`, `validation_failed`, `email_taken`,
   * `username_taken`
   */
  async change(actor: Actor, id: string, change: ChangeUser): Promise<UserRecord> {
    return this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const { user, last } = await this.lock(manager, actor, id, change);
      const added = change.roles?.filter((role) => !user.roles.includes(role)) ?? [];
      await this.roles.assertMayGrant(manager, actor, added);
      if (last && endsAdministration(change)) throw new AppError('last_administrator');
      const fields = Object.entries(change.profile).flatMap(([name, value]) =>
        value === undefined ? [] : [name],
      );
      if (fields.length > 0) {
        await this.accounts.changeProfile(user.id, change.profile, manager);
        await this.audit.record(transaction, auditEvent(actor, 'user.updated', 'user', user.id, { fields }));
      }
      await this.changeAccess(transaction, actor, user, change);
      return this.accounts.get(user.id, manager);
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
      await this.users.delete(manager, user.id);
      await this.audit.record(transaction, auditEvent(actor, 'user.deleted', 'user', user.id));
    });
  }

  /**
   * Gives a user a new password without asking for the old one. All their sessions end, and wrong passwords of before
   * are forgotten: whoever guessed does not keep the owner waiting.
   * @throws AppError `not_found`, `validation_failed`, `insufficient_scope`, `overloaded`
   */
  async setPassword(actor: Actor, id: string, password: string): Promise<void> {
    assertAcceptablePassword(password, await this.accounts.get(id));
    const hash = await this.hasher.hash(password);
    const cause = { reason: 'password set by an administrator', actor: actor.subject };
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const user = await this.accounts.lockManaged(manager, actor, id);
      await this.users.setPasswordHash(manager, user.id, hash);
      await this.termination.endAll(transaction, user.id, cause);
      await this.audit.record(transaction, auditEvent(actor, 'user.password_changed', 'user', user.id));
    });
    await this.limits.clear(id);
  }

  /** Ends every session of a user. @throws AppError `not_found`, `insufficient_scope` */
  async endSessions(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const user = await this.accounts.lockManaged(transaction.manager, actor, id);
      const cause = { reason: 'sessions ended by an administrator', actor: actor.subject };
      await this.termination.endAll(transaction, user.id, cause);
      await this.audit.record(transaction, auditEvent(actor, 'session.ended_all', 'user', user.id));
    });
  }

  /** Forgets the wrong passwords for an account, so that it can be logged in to at once. @throws AppError `not_found` */
  async forgetFailures(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const user = await this.accounts.lockManaged(transaction.manager, actor, id);
      await this.audit.record(transaction, auditEvent(actor, 'user.failures_forgotten', 'user', user.id));
    });
    await this.limits.clear(id);
  }

  /** Ends one session. @throws AppError `not_found` where it is no live session of the user, `insufficient_scope` */
  async endSession(actor: Actor, id: string, sessionId: string): Promise<void> {
    const now = new Date(this.clock.now());
    const cause = { reason: 'session ended by an administrator', actor: actor.subject };
    await this.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const user = await this.accounts.lockManaged(manager, actor, id);
      const subjects = await this.sessions.end(manager, user.id, { only: sessionId, ...cause, now });
      if (subjects.length === 0) throw new AppError('not_found');
      await this.revocations.revoke(transaction, { kind: 'session', subjects, ...cause });
      await this.audit.record(transaction, auditEvent(actor, 'session.ended', 'session', sessionId));
    });
  }

  /** Locks what a change is about, in the order of AuthorityService, and tells whether it is the last administrator. */
  private async lock(
    manager: EntityManager,
    actor: Actor,
    id: string,
    change: Pick<ChangeUser, 'roles' | 'status'>,
  ): Promise<{ user: UserRecord; last: boolean }> {
    const last = endsAdministration(change) && (await this.users.isLastAdministrator(manager, id));
    if (change.roles) await this.roles.share(manager, change.roles);
    return { user: await this.accounts.lockManaged(manager, actor, id), last };
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
      await this.users.replaceRoles(manager, user.id, roles);
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
      const version = await this.users.raisePermissionVersion(manager, user.id, raise);
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
