/**
 * The embedded PostgreSQL cannot be used. The message is written for a person: what failed and what to do;
 * it never holds the password. The technical reason, where there is one, is in `cause`.
 */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}
