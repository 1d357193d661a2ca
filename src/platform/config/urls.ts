/** A scheme, a host and a port, and nothing behind them. */
export function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}

/** The URL of a PostgreSQL server whose parts are percent-encoded where they have to be. */
export function isPostgresUrl(value: string): boolean {
  if (!/^postgres(ql)?:\/\/./.test(value) || !URL.canParse(value)) return false;
  const { username, password, pathname, hash } = new URL(value);
  try {
    [username, password, pathname].forEach(decodeURIComponent);
  } catch {
    return false;
  }
  // What follows a # would be dropped in silence: it belongs to a password that is not encoded.
  return hash === '';
}
