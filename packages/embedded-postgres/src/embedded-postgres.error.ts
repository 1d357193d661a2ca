/**
 * The embedded PostgreSQL cannot be used. The message is for the operator: it says what failed and what to do, and never
 * contains the password. `cause` holds the technical error, where there is one.
 */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}
