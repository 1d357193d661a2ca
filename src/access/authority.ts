import { assertScopes } from './assert-scopes.js';
import type { Actor } from './principal.js';
import { serviceScopesOf } from './scopes.js';

/**
 * The scopes somebody must hold to deal with an account or a role that has `scopes`: every one of them that opens this
 * service. Otherwise whoever may change users could take an administrator's account over, and from there everything.
 */
export function scopesToManage(scopes: readonly string[]): string[] {
  return serviceScopesOf(scopes);
}

/**
 * The scopes somebody who holds `held` must hold to give `scopes` to somebody: those of this service themselves, and
 * those of applications themselves or the right to define roles, with which they could write them into a role anyway.
 */
export function scopesToGrant(held: ReadonlySet<string>, scopes: readonly string[]): string[] {
  const ours = serviceScopesOf(scopes);
  const beyond = scopes.some((scope) => !ours.includes(scope) && !held.has(scope));
  return beyond ? [...new Set([...ours, 'roles:write'])] : ours;
}

/**
 * Nobody manages an account, a client or a role that holds more of this service than they do. The operator manages all.
 * @throws AppError `insufficient_scope` naming the service scopes among `scopes`
 */
export function assertMayManage(actor: Actor, scopes: readonly string[]): void {
  if (actor.kind === 'operator') return;
  assertScopes(actor.scopes, scopesToManage(scopes));
}

/**
 * Nobody grants a scope beyond those they hold. The operator grants all.
 * @throws AppError `insufficient_scope` naming the scopes that `scopesToGrant` asks for
 */
export function assertMayGrant(actor: Actor, scopes: readonly string[]): void {
  if (actor.kind === 'operator') return;
  assertScopes(actor.scopes, scopesToGrant(actor.scopes, scopes));
}
