import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/access.decorators.js';
import { CurrentAsker, type Asker } from '../access/asker.decorator.js';
import { RequestOrigin, type Origin } from '../access/origin.decorator.js';
import { AuthService } from '../auth/auth.service.js';
import { CredentialsService } from '../auth/credentials.service.js';
import { KnownDevices } from '../auth/known-device.js';
import { TokenPairDto } from '../auth/dto/token.dto.js';
import { ApiOAuthErrors } from '../docs/api-problems.js';
import { AppError, invalidField } from '../kernel/app-error.js';
import { ConsumesForm } from '../kernel/content-type.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { assertNoClient } from './client-authentication.js';
import { TokenRequestDto } from './token.dto.js';

@ApiTags('oauth')
@Controller('oauth')
export class TokenController {
  constructor(
    private readonly auth: AuthService,
    private readonly credentials: CredentialsService,
    private readonly devices: KnownDevices,
  ) {}

  /** The token endpoint of RFC 6749 section 3.2. */
  @Public()
  @RateLimited('token')
  @Post('token')
  @HttpCode(200)
  @ConsumesForm()
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiOperation({
    summary: 'OAuth 2.0 token endpoint',
    description: 'Grants: `password` (RFC 6749 section 4.3) and `refresh_token` (section 6). Forms only.',
  })
  @ApiOkResponse({ standardSchema: TokenPairDto, description: 'RFC 6749 section 5.1' })
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
    'too_many_attempts',
    'overloaded',
  )
  async token(
    @Body({ schema: TokenRequestDto }) request: TokenRequestDto,
    @Headers('authorization') authorization: string | undefined,
    @Headers('cookie') cookies: string | undefined,
    @RequestOrigin() origin: Origin,
    @CurrentAsker() asker: Asker,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenPairDto> {
    assertNoClient(authorization, request.client_id);
    const scope = request.scope || null;
    switch (grantTypeOf(request)) {
      case 'password': {
        const username = required(request, 'username');
        const password = required(request, 'password');
        const login = await this.credentials.check({ username, password, ip: origin.ip, cookies });
        void reply.header('set-cookie', this.devices.cookieFor(login.userId));
        return this.auth.login(login, origin, scope);
      }
      case 'refresh_token':
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

function required(request: TokenRequestDto, field: 'username' | 'password' | 'refresh_token'): string {
  const value = request[field];
  if (value === undefined) throw invalidField(field, 'required');
  return value;
}
