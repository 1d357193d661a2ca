const MAX_LENGTH = 2048;
const ANY_ORIGIN = 'https://issuer.invalid';

/**
 * A path of this service to go to after a login, or undefined where the text is no such path. The text is parsed as a
 * browser parses it, and only the parsed path and query are used: `//host`, `/\host` and `/<tab>/host` lead to other
 * hosts, and `/.//host` has a path that does.
 */
export function returnPath(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return undefined;
  if (!text.startsWith('/') || /[\p{Cc}\\]/u.test(text)) return undefined;
  const url = URL.canParse(text, ANY_ORIGIN) ? new URL(text, ANY_ORIGIN) : undefined;
  if (url?.origin !== ANY_ORIGIN || url.pathname.startsWith('//')) return undefined;
  return `${url.pathname}${url.search}`;
}
