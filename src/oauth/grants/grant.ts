import type { ClientConnection } from '../../access/client-connection.decorator.js';
import type { Origin } from '../../access/origin.decorator.js';
import type { TokenAnswerDto } from '../../auth/dto/token.dto.js';
import type { AuthenticatedClient } from '../../clients/clients.service.js';
import type { TokenRequestDto } from '../token.dto.js';

/** A parameter that a grant may require. */
export type GrantParameter = 'username' | 'password' | 'refresh_token';

/** What a token request brings besides its parameters. */
export interface TokenRequestContext {
  readonly origin: Origin;
  readonly connection: ClientConnection;
  /** The request's `Cookie` header. */
  readonly cookies: string | undefined;
}

/** A token request whose shared steps have passed, see TokenEndpointService. */
export interface GrantRequest extends TokenRequestContext {
  /** Holds every parameter that the grant requires. */
  readonly parameters: TokenRequestDto & Readonly<Record<GrantParameter, string>>;
  /** Well-formed, space-separated; null where the request asks for all there is. */
  readonly scope: string | null;
}

/** The same for a grant of clients: the client is authenticated and may use the grant. */
export interface ClientGrantRequest extends GrantRequest {
  readonly client: AuthenticatedClient;
}

export interface Granted {
  /** RFC 6749 section 5.1. */
  readonly tokens: TokenAnswerDto;
  /** The value of a `Set-Cookie` header. */
  readonly cookie?: string;
}

interface GrantRow {
  /** The value of `grant_type`. */
  readonly name: string;
  readonly requires: readonly GrantParameter[];
}

/** A grant of the public client: the service's own logins. */
export interface FirstPartyGrant extends GrantRow {
  readonly audience: 'first-party';
  issue(request: GrantRequest): Promise<Granted>;
}

/** A grant of registered clients that authenticate. */
export interface ClientGrant extends GrantRow {
  readonly audience: 'clients';
  issue(request: ClientGrantRequest): Promise<Granted>;
}

/** One row of the table of grants: its own step of the token endpoint, and what the shared steps ask of it. */
export type Grant = FirstPartyGrant | ClientGrant;

/** The injection token of the table. */
export const GRANTS = Symbol('grants');
