import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../access/principal.js';
import { ClientsRepository, type ClientRecord } from '../clients/clients.repository.js';
import { invalidField } from '../kernel/app-error.js';
import { RolesRepository } from '../users/roles.repository.js';
import { UsersRepository, type UserRecord } from '../users/users.repository.js';
import { scopesToGrant, scopesToManage } from './grant.policy.js';
import { assertScopes } from './guards/scopes.guard.js';

/**
 * How far an actor's scopes reach: whose account they may touch and what they may give. Nothing bounds the operator. It decides on rows that
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
   * Holds a user whom the actor may change; undefined where there is no such user.
   * @throws AppError `insufficient_scope` where the user holds more of this service than the actor
   */
  async lockUser(manager: EntityManager, actor: Actor, id: string): Promise<UserRecord | undefined> {
    const known = await this.users.lock(manager, id);
    // Read by a statement of its own: the one that waited for the row would tell the roles of before.
    const user = known === undefined ? undefined : await this.users.findById(manager, known);
    if (user) assertReach(actor, () => scopesToManage(user.scopes));
    return user;
  }

  /**
   * Holds a client that the actor may change; undefined where there is no such client.
   * @throws AppError `insufficient_scope` where the client holds more of this service than the actor
   */
  async lockClient(manager: EntityManager, actor: Actor, id: string): Promise<ClientRecord | undefined> {
    const client = await this.clients.lock(manager, id);
    if (client) assertReach(actor, () => scopesToManage(client.scopes));
    return client;
  }

  /**
   * Whoever gets the secret of a client gets its scopes.
   * @throws AppError `insufficient_scope` where the actor may not give them
   */
  assertMayGrantScopes(actor: Actor, scopes: readonly string[]): void {
    assertReach(actor, (held) => scopesToGrant(held, scopes));
  }

  /**
   * Holds the roles, which the actor may give to somebody.
   * @throws AppError `validation_failed` where one of them is unknown, `insufficient_scope`
   */
  async assertMayGrant(manager: EntityManager, actor: Actor, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const roles = await this.roles.share(manager, names);
    if (roles.length < new Set(names).size) throw invalidField('roles', 'unknown_role');
    this.assertMayGrantScopes(
      actor,
      roles.flatMap((role) => role.scopes),
    );
  }
}

/** @throws AppError `insufficient_scope` where a principal does not hold what `required` makes of what they do hold */
function assertReach(actor: Actor, required: (held: ReadonlySet<string>) => readonly string[]): void {
  if (actor.kind === 'operator') return;
  assertScopes(actor.scopes, required(actor.scopes));
}
