import { assertScopes } from './assert-scopes.js';
import type { Actor } from './principal.js';
import { serviceScopesOf } from './scopes.js';

/**
 * The scopes that an actor must hold to manage an account, a client or a role with `scopes`: each of them that opens this
 * service. Otherwise the right to change users would be enough to take over an administrator's account.
 */
export function scopesToManage(scopes: readonly string[]): string[] {
  return serviceScopesOf(scopes);
}

/**
 * The scopes that an actor who holds `held` must hold to grant `scopes`: each of this service, and each of an application
 * unless the actor may define roles, since `roles:write` can put any application's scope into a role anyway.
 */
export function scopesToGrant(held: ReadonlySet<string>, scopes: readonly string[]): string[] {
  const ours = serviceScopesOf(scopes);
  const beyond = scopes.some((scope) => !ours.includes(scope) && !held.has(scope));
  return beyond ? [...new Set([...ours, 'roles:write'])] : ours;
}

/**
 * An actor manages only accounts, clients and roles that hold no more of this service than the actor. The operator
 * manages all.
 * @throws AppError `insufficient_scope` naming the service scopes among `scopes`
 */
export function assertMayManage(actor: Actor, scopes: readonly string[]): void {
  if (actor.kind === 'operator') return;
  assertScopes(actor.scopes, scopesToManage(scopes));
}

/**
 * An actor grants only scopes that the actor holds. The operator grants all.
 * @param held the scopes of the actor's token, and the application scopes of the actor's account, which a token for this
 * service does not carry
 * @throws AppError `insufficient_scope` naming the scopes that `scopesToGrant` returns
 */
export function assertMayGrant(actor: Actor, scopes: readonly string[], held: ReadonlySet<string>): void {
  if (actor.kind === 'operator') return;
  assertScopes(held, scopesToGrant(held, scopes));
}
