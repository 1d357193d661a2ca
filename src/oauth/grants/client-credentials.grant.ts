import { Injectable } from '@nestjs/common';
import { resolveGrant } from '../../access/audience.js';
import { Audiences } from '../../access/audiences.js';
import { TokenService } from '../../auth/token.service.js';
import { newId } from '../../platform/kernel/ids.js';
import type { ClientGrant, ClientGrantRequest, Granted } from './grant.js';

/** A client's scopes never change, so its tokens never become stale. */
const PERMISSION_VERSION = 1;

/**
 * The client credentials grant (RFC 6749 section 4.4), without a refresh token (section 4.4.3). `sub` is the client's id
 * (RFC 9068 section 2.2), and each token gets a new `sid`, so that one token can be revoked alone.
 */
@Injectable()
export class ClientCredentialsGrant implements ClientGrant {
  static readonly description = '`client_credentials` (RFC 6749 section 4.4), for clients';
  readonly name = 'client_credentials';
  readonly audience = 'clients';
  readonly requires = [] as const;

  constructor(
    private readonly tokens: TokenService,
    private readonly audiences: Audiences,
  ) {}

  /** @throws AppError `invalid_scope` if the request asks for a scope that the client does not have; `invalid_target` */
  async issue({ client, asked }: ClientGrantRequest): Promise<Granted> {
    const grant = resolveGrant(this.audiences, asked, { kind: 'client', scopes: client.scopes });
    const accessToken = this.tokens.issueAccess({
      subject: client.id,
      sid: newId(client.authenticatedAt),
      clientId: client.id,
      grant,
      permissionVersion: PERMISSION_VERSION,
      issuedAt: client.authenticatedAt,
    });
    return {
      tokens: {
        access_token: accessToken,
        token_type: 'bearer',
        expires_in: this.tokens.accessSeconds,
        scope: grant.scope,
      },
    };
  }
}
