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
