import type { Origin } from './origin.decorator.js';

interface TokenHolder {
  /** Who is asking, of either kind (`sub`): the id of the user or of the client. */
  readonly subject: string;
  /** What the token was issued in (`sid`): a user's session, or one grant to a client. */
  readonly sid: string;
  /** The client the token was issued to (`client_id`). */
  readonly clientId: string;
  /** The token's own id (`jti`). */
  readonly tokenId: string;
  readonly scopes: ReadonlySet<string>;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Where the request came from, for what is written down. */
  readonly origin: Origin;
}

/** A person with a session. */
export interface UserPrincipal extends TokenHolder {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
}

/** A service that asks for itself (RFC 6749 section 4.4). It has no account, no profile and no session. */
export interface ClientPrincipal extends TokenHolder {
  readonly kind: 'client';
}

/** Who is asking, as the access token says it and the guard has checked it. Read-only for the whole request. */
export type Principal = UserPrincipal | ClientPrincipal;

/**
 * Whoever runs the command line. They hold the database and the secret, so no scope bounds them. No token stands behind
 * it, and no request makes one: a guard yields a {@link Principal} or refuses.
 */
export interface Operator {
  readonly kind: 'operator';
  /** What is written down as the one who did it. Ids are UUIDs, so nobody else is called this. */
  readonly subject: 'command-line';
}

export const OPERATOR: Operator = { kind: 'operator', subject: 'command-line' };

/** Whoever changes something that is not their own. */
export type Actor = Principal | Operator;

/** `client_id` of tokens that the service issues to its own logins. */
export const FIRST_PARTY = 'first-party';
