/** RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by single spaces. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** The names in a space-separated `scope` value, or undefined where it breaks RFC 6749 section 3.3. */
export function parseScope(scope: string): string[] | undefined {
  if (scope === '') return [];
  return SCOPE.test(scope) ? [...new Set(scope.split(' '))] : undefined;
}
