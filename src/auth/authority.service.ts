import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Principal } from '../access/principal.js';
import { ClientsRepository, type ClientRecord } from '../clients/clients.repository.js';
import { invalidField } from '../kernel/app-error.js';
import { RolesRepository } from '../users/roles.repository.js';
import { UsersRepository, type UserRecord } from '../users/users.repository.js';
import { scopesToGrant, scopesToManage } from './grant.policy.js';
import { assertScopes } from './guards/scopes.guard.js';

/**
 * How far a principal's scopes reach: whose account they may touch and what they may give. It decides on rows that
 * stay as they are until the caller's transaction ends. Everything that locks does so in one order, roles before
 * users, so that no two transactions wait for each other.
 */
@Injectable()
export class AuthorityService {
  constructor(
    private readonly users: UsersRepository,
    private readonly roles: RolesRepository,
    private readonly clients: ClientsRepository,
  ) {}

  /**
   * Holds a user whom the principal may change; undefined where there is no such user.
   * @throws AppError `insufficient_scope` where the user holds more of this service than the principal
   */
  async lockUser(manager: EntityManager, principal: Principal, id: string): Promise<UserRecord | undefined> {
    const known = await this.users.lock(manager, id);
    // Read by a statement of its own: the one that waited for the row would tell the roles of before.
    const user = known === undefined ? undefined : await this.users.findById(manager, known);
    if (user) assertScopes(principal.scopes, scopesToManage(user.scopes));
    return user;
  }

  /**
   * Holds a client that the principal may change; undefined where there is no such client.
   * @throws AppError `insufficient_scope` where the client holds more of this service than the principal
   */
  async lockClient(
    manager: EntityManager,
    principal: Principal,
    id: string,
  ): Promise<ClientRecord | undefined> {
    const client = await this.clients.lock(manager, id);
    if (client) assertScopes(principal.scopes, scopesToManage(client.scopes));
    return client;
  }

  /**
   * Whoever gets the secret of a client gets its scopes.
   * @throws AppError `insufficient_scope` where the principal may not give them
   */
  assertMayGrantScopes(principal: Principal, scopes: readonly string[]): void {
    assertScopes(principal.scopes, scopesToGrant(principal.scopes, scopes));
  }

  /**
   * Holds the roles, which the principal may give to somebody.
   * @throws AppError `validation_failed` where one of them is unknown, `insufficient_scope`
   */
  async assertMayGrant(
    manager: EntityManager,
    principal: Principal,
    names: readonly string[],
  ): Promise<void> {
    if (names.length === 0) return;
    const roles = await this.roles.share(manager, names);
    if (roles.length < new Set(names).size) throw invalidField('roles', 'unknown_role');
    this.assertMayGrantScopes(
      principal,
      roles.flatMap((role) => role.scopes),
    );
  }
}
