import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentConnection, type ClientConnection } from '../access/client-connection.decorator.js';
import { RequestOrigin, type Origin } from '../access/origin.decorator.js';
import { AuthService } from '../auth/auth.service.js';
import { ClientGrants } from './client-grants.service.js';
import { CredentialsService } from '../auth/credentials.service.js';
import { KnownDevices } from '../limits/known-devices.js';
import { TokenAnswerDto } from '../auth/dto/token.dto.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { ApiOAuthErrors } from '../platform/docs/api-problems.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { ConsumesForm } from '../platform/http/content-type.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { invalidClient } from './client-authentication.js';
import { CurrentClient, ForClients } from './client.guard.js';
import { TokenRequestDto } from './token.dto.js';

@ApiTags('oauth')
@Controller('oauth')
export class TokenController {
  constructor(
    private readonly auth: AuthService,
    private readonly credentials: CredentialsService,
    private readonly devices: KnownDevices,
    private readonly clients: ClientGrants,
  ) {}

  /** The token endpoint of RFC 6749 section 3.2. */
  @ForClients('optional')
  @RateLimited('token')
  @Post('token')
  @HttpCode(200)
  @ConsumesForm()
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiOperation({
    summary: 'OAuth 2.0 token endpoint',
    description:
      'Grants: `password` (RFC 6749 section 4.3) and `refresh_token` (section 6) for people, without a client; ' +
      '`client_credentials` (section 4.4) for clients, whose id and secret come as Basic credentials or in the ' +
      'form. Forms only.',
  })
  @ApiOkResponse({ standardSchema: TokenAnswerDto, description: 'RFC 6749 section 5.1' })
  @ApiOAuthErrors(
    'unsupported_grant_type',
    'invalid_scope',
    'invalid_credentials',
    'account_disabled',
    'refresh_token_invalid',
    'refresh_token_expired',
    'refresh_token_reused',
    'session_revoked',
    'token_wrong_type',
    'invalid_client',
    'unauthorized_client',
    'too_many_attempts',
    'overloaded',
  )
  async token(
    @Body({ schema: TokenRequestDto }) request: TokenRequestDto,
    @CurrentClient() client: AuthenticatedClient | undefined,
    @Headers('cookie') cookies: string | undefined,
    @RequestOrigin() origin: Origin,
    @CurrentConnection() asker: ClientConnection,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenAnswerDto> {
    const scope = request.scope || null;
    switch (grantTypeOf(request)) {
      case 'client_credentials':
        if (!client) throw invalidClient('the grant is for clients with a secret');
        return this.clients.issue(client, scope);
      case 'password': {
        assertPublic(client);
        const username = required(request, 'username');
        const password = required(request, 'password');
        const login = await this.credentials.check({ username, password, ip: origin.ip, cookies });
        void reply.header('set-cookie', this.devices.cookieFor(login.userId));
        return this.auth.login(login, origin, scope);
      }
      case 'refresh_token':
        assertPublic(client);
        return this.auth.refresh(required(request, 'refresh_token'), { origin, asker }, scope);
      default:
        throw new AppError('unsupported_grant_type');
    }
  }
}

/** A form of user name and password alone is the password grant: what a plain HTML form or curl would send. */
function grantTypeOf(request: TokenRequestDto): string {
  const { grant_type: grantType, username, password } = request;
  if (grantType !== undefined && grantType !== '') return grantType;
  if (username !== undefined && password !== undefined) return 'password';
  throw invalidField('grant_type', 'required');
}

/** These grants belong to the service's own logins. @throws AppError `unauthorized_client` */
function assertPublic(client: AuthenticatedClient | undefined): void {
  if (client) throw new AppError('unauthorized_client');
}

function required(request: TokenRequestDto, field: 'username' | 'password' | 'refresh_token'): string {
  const value = request[field];
  if (value === undefined) throw invalidField(field, 'required');
  return value;
}
