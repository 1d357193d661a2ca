/**
 * The path of an issuer without a slash at its end, such as `/id`; empty for an issuer at the root of its host. A proxy
 * strips it from requests, so it begins every path of its own that the service publishes.
 */
export function basePathOf(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/+$/, '');
}

/** Whether a text is the URL of a PostgreSQL server with correct percent-encoding. */
export function isPostgresUrl(value: string): boolean {
  if (!/^postgres(ql)?:\/\/./.test(value) || !URL.canParse(value)) return false;
  const { username, password, pathname, hash } = new URL(value);
  try {
    [username, password, pathname].forEach(decodeURIComponent);
  } catch {
    return false;
  }
  // A # comes from a password that is not encoded, and the text after it would be dropped silently.
  return hash === '';
}

/** Whether two identifiers name one audience: a lone trailing slash is ignored. */
export function sameAudience(one: string, other: string): boolean {
  return withoutTrailingSlash(one) === withoutTrailingSlash(other);
}

/** An identifier without its lone trailing slash; two slashes stay. */
export function withoutTrailingSlash(identifier: string): string {
  return identifier.replace(/(?<=[^/])\/$/, '');
}

/** The longest identifier of an audience or issuer, in bytes, so that every token fits in 6 KiB. */
const IDENTIFIER_MAX_BYTES = 255;

/** Whether a text can be the identifier of an audience: printable ASCII without spaces, quotes, backslashes and #. */
export function isIdentifier(value: string): boolean {
  return value.length <= IDENTIFIER_MAX_BYTES && /^[!$-[\]-~]+$/.test(value);
}
