import type { Asked } from '../../access/audience.js';
import type { ClientConnection } from '../../access/client-connection.decorator.js';
import type { Origin } from '../../access/origin.decorator.js';
import type { TokenAnswerDto } from '../../auth/dto/token.dto.js';
import type { AuthenticatedClient } from '../../clients/clients.service.js';
import type { Cookie } from '../../platform/http/cookies.js';
import type { TokenRequestDto } from '../token.dto.js';

/** A parameter that a grant may require. */
export type GrantParameter = 'username' | 'password' | 'refresh_token';

/** The parts of a token request besides its parameters. */
export interface TokenRequestContext {
  readonly origin: Origin;
  readonly connection: ClientConnection;
  /** The value of the request's device cookie. */
  readonly deviceCookie: string | undefined;
}

/** A token request that passed the shared steps, see TokenEndpointService. */
export interface GrantRequest extends TokenRequestContext {
  /** Holds every parameter that the grant requires. */
  readonly parameters: TokenRequestDto & Readonly<Record<GrantParameter, string>>;
  readonly asked: Asked;
}

/** The request of an authenticated client that may use the grant. */
export interface ClientGrantRequest extends GrantRequest {
  readonly client: AuthenticatedClient;
}

export interface Granted {
  /** The answer of RFC 6749 section 5.1. */
  readonly tokens: TokenAnswerDto;
  readonly cookie?: Cookie;
}

interface GrantRow {
  /** The value of `grant_type`. */
  readonly name: string;
  readonly requires: readonly GrantParameter[];
}

/** A grant for the public client of the service's own logins. */
export interface FirstPartyGrant extends GrantRow {
  readonly audience: 'first-party';
  issue(request: GrantRequest): Promise<Granted>;
}

/** A grant for registered clients that authenticate. */
export interface ClientGrant extends GrantRow {
  readonly audience: 'clients';
  issue(request: ClientGrantRequest): Promise<Granted>;
}

/** A row of the table of grants: how it issues tokens, and what the shared steps check before. */
export type Grant = FirstPartyGrant | ClientGrant;

/** The class of a grant, one line of the table in grants.ts. */
export interface GrantClass {
  // The container resolves the constructor's parameters, so their types do not matter here.
  new (...dependencies: never[]): Grant;
  /** The grant's name and source, as the OpenAPI document lists them. */
  readonly description: string;
}

/** The injection token of the table's instances. */
export const GRANTS = Symbol('grants');
