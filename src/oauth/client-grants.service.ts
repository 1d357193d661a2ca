import { Injectable } from '@nestjs/common';
import { parseScope } from '../access/scopes.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { AppError } from '../platform/kernel/app-error.js';
import { newId } from '../platform/kernel/ids.js';
import type { ClientTokenDto } from '../auth/dto/token.dto.js';
import { TokenService } from '../auth/token.service.js';

/** A client never changes what it may do, so its tokens are never stale. */
const PERMISSION_VERSION = 1;

/** Tokens for clients that act for themselves. */
@Injectable()
export class ClientGrants {
  constructor(private readonly tokens: TokenService) {}

  /**
   * The client credentials grant (RFC 6749 section 4.4). There is no refresh token (section 4.4.3). `sub` is the client
   * (RFC 9068 section 2.2), and `sid` is new for each grant, so that one token can be revoked alone.
   * @param scope the scopes asked for, space-separated; null asks for all the client has
   * @throws AppError `unauthorized_client`, `invalid_scope`
   */
  issue(client: AuthenticatedClient, scope: string | null): ClientTokenDto {
    if (!client.grants.includes('client_credentials')) throw new AppError('unauthorized_client');
    const scopes = scope === null ? client.scopes : parseScope(scope);
    if (!scopes?.every((name) => client.scopes.includes(name))) throw new AppError('invalid_scope');
    return {
      access_token: this.tokens.issueAccess({
        subject: client.id,
        sid: newId(client.authenticatedAt),
        clientId: client.id,
        scopes,
        permissionVersion: PERMISSION_VERSION,
        issuedAt: client.authenticatedAt,
      }),
      token_type: 'bearer',
      expires_in: this.tokens.accessSeconds,
      scope: scopes.join(' '),
    };
  }
}
