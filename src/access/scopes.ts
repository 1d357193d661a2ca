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

/** RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by single spaces. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** The names in a space-separated `scope` value, or undefined where it breaks RFC 6749 section 3.3. */
export function parseScope(scope: string): string[] | undefined {
  if (scope === '') return [];
  return SCOPE.test(scope) ? [...new Set(scope.split(' '))] : undefined;
}
