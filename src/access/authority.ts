import { assertScopes } from './assert-scopes.js';
import type { Actor } from './principal.js';
import { serviceScopesOf } from './scopes.js';

/**
 * The scopes that an actor who holds `held` must hold to give `scopes`, or to change an account, client or role that has
 * them: each of this service, and each of an application unless the actor may define roles, since `roles:write` can put
 * any application's scope into a role anyway. Otherwise the right to change users would be enough to take over an account
 * with more rights, or to take its rights away.
 */
export function scopesToManage(held: ReadonlySet<string>, scopes: readonly string[]): string[] {
  const ours = serviceScopesOf(scopes);
  const beyond = scopes.some((scope) => !ours.includes(scope) && !held.has(scope));
  return beyond ? [...new Set([...ours, 'roles:write'])] : ours;
}

/**
 * One rule for giving and for managing: an actor gives only scopes that the actor holds, and changes only accounts,
 * clients and roles that have no others. The operator is not bounded.
 * @param held the scopes of the actor's token, and the application scopes of the actor's account, which a token for this
 * service does not carry
 * @throws AppError `insufficient_scope` naming the scopes that {@link scopesToManage} returns
 */
export function assertMayManage(actor: Actor, scopes: readonly string[], held: ReadonlySet<string>): void {
  if (actor.kind === 'operator') return;
  assertScopes(held, scopesToManage(held, scopes));
}

/**
 * Ending sessions and revoking tokens protects: it gives nothing, takes no right away and is undone by a login. So the
 * actor needs only the scopes of this service among `scopes`. The operator needs none.
 * @throws AppError `insufficient_scope` naming those scopes
 */
export function assertMayEnd(actor: Actor, scopes: readonly string[]): void {
  if (actor.kind === 'operator') return;
  assertScopes(actor.scopes, serviceScopesOf(scopes));
}
