import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestOrigin, type Origin } from '../access/origin.decorator.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { ApiOAuthErrors } from '../platform/docs/api-problems.js';
import { ConsumesForm, FORM } from '../platform/http/content-type.js';
import { CurrentClient, ForClients } from './client.guard.js';
import { IntrospectionDto } from './introspection.dto.js';
import { IntrospectionService } from './introspection.service.js';
import { PresentedTokenDto } from './presented-token.dto.js';
import { TokenRevocationService } from './token-revocation.service.js';

/** Introspection (RFC 7662) and revocation (RFC 7009). */
@ApiTags('oauth')
@Controller('oauth')
export class TokensController {
  constructor(
    private readonly introspection: IntrospectionService,
    private readonly revocation: TokenRevocationService,
  ) {}

  @ForClients('required')
  @Post('introspect')
  @HttpCode(200)
  @ConsumesForm()
  @ApiConsumes(FORM)
  @ApiOperation({
    summary: 'Introspect a token',
    description:
      'RFC 7662, for any client: tokens of the applications that it stands for (`resources`), and its own. For any other ' +
      'token, and one that is expired, revoked, stale or not issued by this service, the answer is `{"active": false}` ' +
      'alone. Forms only.',
  })
  @ApiOkResponse({ standardSchema: IntrospectionDto, description: 'RFC 7662 section 2.2' })
  @ApiOAuthErrors('invalid_client', 'unavailable')
  async introspect(
    @Body({ schema: PresentedTokenDto }) { token }: PresentedTokenDto,
    @CurrentClient() client: AuthenticatedClient,
  ): Promise<IntrospectionDto> {
    return this.introspection.introspect(token, client);
  }

  @ForClients('optional')
  @Post('revoke')
  @HttpCode(200)
  @ConsumesForm()
  @ApiConsumes(FORM)
  @ApiOperation({
    summary: 'Revoke a token',
    description:
      'RFC 7009. A client revokes its own access tokens. Without a client, either token of a login ends its session. ' +
      'The answer is the same for a token that is expired, revoked or not issued by this service. Forms only.',
  })
  @ApiOkResponse({ description: 'The token is revoked; the body is empty' })
  @ApiOAuthErrors('invalid_client', 'unauthorized_client', 'unavailable')
  async revoke(
    @Body({ schema: PresentedTokenDto }) { token }: PresentedTokenDto,
    @CurrentClient() client: AuthenticatedClient | undefined,
    @RequestOrigin() origin: Origin,
  ): Promise<void> {
    await this.revocation.revoke(token, client, origin);
  }
}
