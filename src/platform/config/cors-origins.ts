/** Schemes that browsers give an origin of scheme, host and port; every other scheme is an app's (`capacitor://localhost`). */
const WEB = /^(?:https?|wss?|ftp):$/;
const APP_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+(?::\d{1,5})?$/;

/** The fault of a text as the `Origin` of a page (RFC 6454 section 6.1), in words that hold no part of it; else undefined. */
export function originFault(text: string): string | undefined {
  if (text === '*') return 'is *, which is refused, because answers carry credentials';
  if (text.includes('*')) return 'has a *; list each origin';
  if (text === 'null') return 'is null, which stands for many pages';
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) return 'has no scheme; write https:// or http:// before it';
  if (/^(?:file|data|blob|javascript)$/i.test(scheme)) return 'has a scheme whose pages have no origin';
  if (/^[^/]*\/$/.test(rest)) return 'ends with a slash; remove it';
  if (/[/?#\\]/.test(rest)) return 'has a path; write only scheme, host and port';
  if (rest.includes('@')) return 'has a user name; write only scheme, host and port';
  return isAsSent(text)
    ? undefined
    : 'is not written as browsers send it: in lower case, without the default port';
}

function isAsSent(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return WEB.test(protocol) ? origin === text : APP_ORIGIN.test(text);
}

/** The message about the first fault in a list of origins; undefined where there is none. */
export function originsFault(origins: readonly string[]): string | undefined {
  for (const [index, origin] of origins.entries()) {
    const fault = originFault(origin);
    const item = origins.length === 1 ? 'the value' : `item ${index + 1}`;
    if (fault !== undefined) return `must list origins such as https://app.example.org: ${item} ${fault}`;
  }
  return undefined;
}
