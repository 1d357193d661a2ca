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

/** `client_id` of tokens that the service issues to its own logins. */
export const FIRST_PARTY = 'first-party';
