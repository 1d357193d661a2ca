import { serviceScopesOf } from '../access/scopes.js';

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
