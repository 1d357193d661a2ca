export { parseScope } from '@latchkey/token-rules';

/** The scopes of this service itself: a closed list. Applications add their own names to roles beside them. */
export const SERVICE_SCOPES = [
  'users:read',
  'users:write',
  'sessions:read',
  'sessions:write',
  'roles:read',
  'roles:write',
  'clients:read',
  'clients:write',
  'keys:read',
  'keys:write',
  'revocations:read',
  'revocations:write',
  'audit:read',
] as const;

export type ServiceScope = (typeof SERVICE_SCOPES)[number];

const OURS: ReadonlySet<string> = new Set(SERVICE_SCOPES);
/** The prefixes of this service's scopes, such as `users:`; scopes of later versions begin with them too. */
const OUR_PREFIXES: ReadonlySet<string> = new Set(SERVICE_SCOPES.map(prefixOf));

/** The scopes among `scopes` that open this service itself, each once, in the order of the list. */
export function serviceScopesOf(scopes: readonly string[]): string[] {
  return SERVICE_SCOPES.filter((scope) => scopes.includes(scope));
}

/** Whether a scope has a prefix of this service without being one of its scopes: a typo, or a scope of a later version. */
export function isReservedScope(scope: string): boolean {
  return OUR_PREFIXES.has(prefixOf(scope)) && !OURS.has(scope);
}

/** Whether a scope is of this service: one of its scopes, or a reserved name. All other scopes are of applications. */
export function isServiceScope(scope: string): boolean {
  return OUR_PREFIXES.has(prefixOf(scope));
}

function prefixOf(scope: string): string {
  return scope.slice(0, scope.indexOf(':') + 1);
}
