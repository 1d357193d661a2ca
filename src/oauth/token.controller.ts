import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentConnection, type ClientConnection } from '../access/client-connection.decorator.js';
import { RequestOrigin, type Origin } from '../access/origin.decorator.js';
import { TokenAnswerDto } from '../auth/dto/token.dto.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { DEVICE_COOKIE } from '../limits/known-devices.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { ApiOAuthErrors } from '../platform/docs/api-problems.js';
import { ConsumesForm } from '../platform/http/content-type.js';
import { cookieOf, setCookie } from '../platform/http/cookies.js';
import { CurrentClient, ForClients } from './client.guard.js';
import { GRANTS_DESCRIPTION } from './grants/grants.js';
import { TokenEndpointService } from './token-endpoint.service.js';
import { TokenRequestDto } from './token.dto.js';

@ApiTags('oauth')
@Controller('oauth')
export class TokenController {
  constructor(private readonly endpoint: TokenEndpointService) {}

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
      `Grants: ${GRANTS_DESCRIPTION}. A client sends its id and secret as Basic credentials or in the form. ` +
      'Forms only.',
  })
  @ApiOkResponse({ standardSchema: TokenAnswerDto, description: 'RFC 6749 section 5.1' })
  @ApiOAuthErrors(
    'unsupported_grant_type',
    'invalid_scope',
    'invalid_target',
    'scopes_too_large',
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
    @Body({ schema: TokenRequestDto }) parameters: TokenRequestDto,
    @CurrentClient() client: AuthenticatedClient | undefined,
    @RequestOrigin() origin: Origin,
    @CurrentConnection() connection: ClientConnection,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenAnswerDto> {
    const context = { origin, connection, deviceCookie: cookieOf(request, DEVICE_COOKIE) };
    const { tokens, cookie } = await this.endpoint.issue(parameters, client, context);
    if (cookie !== undefined) setCookie(reply, cookie);
    return tokens;
  }
}
