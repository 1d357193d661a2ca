import { Inject, Injectable } from '@nestjs/common';
import { askedBy } from '../access/asked.dto.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { invalidClient } from './client-authentication.js';
import {
  GRANTS,
  type Grant,
  type Granted,
  type GrantParameter,
  type GrantRequest,
  type TokenRequestContext,
} from './grants/grant.js';
import type { TokenRequestDto } from './token.dto.js';

/**
 * The token endpoint (RFC 6749 section 3.2). Every grant passes the same steps in the same order, so that no grant can
 * forget one: find the grant, check that the client may use it, check the required parameters, read what is asked for, issue
 * the tokens. The guards of the route have authenticated the client and counted the request before.
 */
@Injectable()
export class TokenEndpointService {
  constructor(@Inject(GRANTS) private readonly grants: readonly Grant[]) {}

  /** The supported values of `grant_type`, in the order of the table. */
  get grantTypes(): string[] {
    return this.grants.map(({ name }) => name);
  }

  /**
   * @param client the authenticated client; undefined for the public client of the service's own logins
   * @throws AppError `validation_failed`, `unsupported_grant_type`, `invalid_client`, `unauthorized_client`,
   * and the errors of the grant
   */
  async issue(
    parameters: TokenRequestDto,
    client: AuthenticatedClient | undefined,
    context: TokenRequestContext,
  ): Promise<Granted> {
    const name = grantTypeOf(parameters);
    const grant = this.grants.find((one) => one.name === name);
    if (!grant) throw new AppError('unsupported_grant_type');
    if (grant.audience === 'clients') {
      if (!client) throw invalidClient('the grant is for clients with a secret');
      if (!client.grants.some((allowed) => allowed === grant.name)) throw new AppError('unauthorized_client');
      return grant.issue({ ...requestOf(grant, parameters, context), client });
    }
    if (client) throw new AppError('unauthorized_client');
    return grant.issue(requestOf(grant, parameters, context));
  }
}

/** `grant_type` may be absent beside user name and password, as plain HTML forms and curl commands omit it. */
function grantTypeOf({ grant_type: grantType, username, password }: TokenRequestDto): string {
  if (grantType !== undefined && grantType !== '') return grantType;
  if (username !== undefined && password !== undefined) return 'password';
  throw invalidField('grant_type', 'required');
}

function requestOf(grant: Grant, parameters: TokenRequestDto, context: TokenRequestContext): GrantRequest {
  const missing = grant.requires.find((name) => parameters[name] === undefined);
  if (missing !== undefined) throw invalidField(missing, 'required');
  const required = parameters as TokenRequestDto & Record<GrantParameter, string>;
  return { ...context, parameters: required, asked: askedBy(parameters) };
}
