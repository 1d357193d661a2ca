/** The passwords of a cluster's two roles. */
export interface Passwords {
  readonly application: string;
  readonly superuser: string;
}

/** The application's role and the database that it owns. The role is no superuser. */
export const APPLICATION = 'latchkey';
/** The role of the supervisor, which the application never uses. */
export const SUPERUSER = 'latchkey_superuser';
