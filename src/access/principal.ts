import type { Audience } from './audience.js';
import type { Origin } from './origin.decorator.js';

interface TokenHolder {
  /** The id of the user or of the client (`sub`). */
  readonly subject: string;
  /** The user's session, or the one grant to a client, that the token was issued in (`sid`). */
  readonly sid: string;
  /** The client the token was issued to (`client_id`). */
  readonly clientId: string;
  /** The token's own id (`jti`). */
  readonly tokenId: string;
  /** The party that the token is for (`aud`). */
  readonly audience: Audience;
  /** Scopes of the audience. */
  readonly scopes: ReadonlySet<string>;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Where the request came from, for sessions and audit events. */
  readonly origin: Origin;
}

/** A person with a session. */
export interface UserPrincipal extends TokenHolder {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
  /** Whether the user must change the password before anything else. */
  readonly passwordChangeRequired: boolean;
}

/** A client that acts for itself (RFC 6749 section 4.4). It has no account, no profile and no session. */
export interface ClientPrincipal extends TokenHolder {
  readonly kind: 'client';
}

/** The bearer of a checked access token. Read-only for the whole request. */
export type Principal = UserPrincipal | ClientPrincipal;

/**
 * The person who runs the command line. The operator holds the database and the secret, so no scope bounds them. Requests
 * never have an operator: a guard yields a {@link Principal} or refuses.
 */
export interface Operator {
  readonly kind: 'operator';
  /** The actor in audit events. Ids are UUIDs, so no user or client has this name. */
  readonly subject: 'command-line';
}

export const OPERATOR: Operator = { kind: 'operator', subject: 'command-line' };

/** The party that makes a change: a user, a client or the operator. */
export type Actor = Principal | Operator;

/** `client_id` of tokens that the service issues to its own logins. */
export const FIRST_PARTY = 'first-party';
