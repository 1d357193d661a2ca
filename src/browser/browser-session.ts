import type { UserPrincipal } from '../access/principal.js';

/** The session of the browser that sent a request. */
export interface BrowserSession {
  readonly principal: UserPrincipal;
}

/** A browser token to store in the cookie. */
export interface BrowserGrant {
  readonly token: string;
  /** How long the browser keeps it; undefined until it is closed. */
  readonly maxAgeSeconds: number | undefined;
}

/** What a session cookie is worth. */
export type Presented =
  /** `renewed` is the token that replaces the presented one. */
  | { readonly kind: 'live'; readonly session: BrowserSession; readonly renewed?: BrowserGrant }
  | { readonly kind: 'ended' };

declare module 'fastify' {
  interface FastifyRequest {
    /** The session that BrowserGuard found; undefined for a visitor and on routes of the API. */
    browserSession?: BrowserSession | undefined;
  }
}
