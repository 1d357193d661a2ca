import type { Origin } from './origin.decorator.js';

/** Who is asking, as the access token says it and the guard has checked it. Read-only for the whole request. */
export interface Principal {
  /** The user's id (`sub`). */
  readonly userId: string;
  /** The session the token belongs to (`sid`). */
  readonly sessionId: string;
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

/** `client_id` of tokens that the service issues to its own logins. */
export const FIRST_PARTY = 'first-party';
