import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestOrigin, type Origin } from '../access/origin.decorator.js';
import { IntrospectionDto } from './introspection.dto.js';
import { IntrospectionService } from './introspection.service.js';
import { TokenRevocationService } from './token-revocation.service.js';
import type { AuthenticatedClient } from '../clients/clients.service.js';
import { ApiOAuthErrors } from '../platform/docs/api-problems.js';
import { ConsumesForm, FORM } from '../platform/http/content-type.js';
import { CurrentClient, ForClients } from './client.guard.js';
import { PresentedTokenDto } from './presented-token.dto.js';

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
    summary: 'Ask what a token is worth',
    description:
      'RFC 7662, for any client. Of a token that is expired, revoked, stale or none of ours the answer is ' +
      '`{"active": false}` and nothing else. Forms only.',
  })
  @ApiOkResponse({ standardSchema: IntrospectionDto, description: 'RFC 7662 section 2.2' })
  @ApiOAuthErrors('invalid_client', 'unavailable')
  async introspect(
    @Body({ schema: PresentedTokenDto }) { token }: PresentedTokenDto,
  ): Promise<IntrospectionDto> {
    return this.introspection.introspect(token);
  }

  @ForClients('optional')
  @Post('revoke')
  @HttpCode(200)
  @ConsumesForm()
  @ApiConsumes(FORM)
  @ApiOperation({
    summary: 'Give a token back',
    description:
      'RFC 7009. A client revokes its own access tokens. Without a client, either token of a login ends its session. ' +
      'The answer is the same for a token that is expired, revoked or none of ours. Forms only.',
  })
  @ApiOkResponse({ description: 'The token is dead; the body is empty' })
  @ApiOAuthErrors('invalid_client', 'unauthorized_client', 'unavailable')
  async revoke(
    @Body({ schema: PresentedTokenDto }) { token }: PresentedTokenDto,
    @CurrentClient() client: AuthenticatedClient | undefined,
    @RequestOrigin() origin: Origin,
  ): Promise<void> {
    await this.revocation.revoke(token, client, origin);
  }
}
