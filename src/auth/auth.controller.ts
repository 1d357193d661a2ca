import { Body, Controller, Get, Header, HttpCode, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  BeforePasswordChange,
  CurrentPrincipal,
  CurrentUser,
  ForApplications,
  Public,
} from '../access/access.decorators.js';
import { CurrentConnection, type ClientConnection } from '../access/client-connection.decorator.js';
import { RequestOrigin, type Origin } from '../access/origin.decorator.js';
import { askedBy } from '../access/asked.dto.js';
import { ownAccount } from '../access/own-account.js';
import type { Principal, UserPrincipal } from '../access/principal.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { AuthService } from './auth.service.js';
import type { Login } from './credentials.service.js';
import { identityOf } from './forward-auth.js';
import { LoginDto } from './dto/login.dto.js';
import { RefreshDto, TokenPairDto } from './dto/token.dto.js';
import { VerifyQueryDto } from './dto/verify.dto.js';
import { KnownDevices } from '../limits/known-devices.js';
import { setCookie } from '../platform/http/cookies.js';
import { RefreshService } from './refresh.service.js';
import { LocalAuthGuard } from './guards/local-auth.guard.js';
import { assertAudience, assertScopes } from '../access/assert-scopes.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly refreshes: RefreshService,
    private readonly devices: KnownDevices,
  ) {}

  @Public()
  @UseGuards(LocalAuthGuard)
  @Post('login')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Log in',
    description:
      'Credentials are taken from the JSON body only. A token is for one audience: without `scope` and `resource` for the ' +
      'default application, with scopes of this service for this service.',
  })
  @ApiOkResponse({ standardSchema: TokenPairDto, description: 'A new session' })
  @ApiProblems(
    'malformed_request',
    'validation_failed',
    'invalid_scope',
    'invalid_target',
    'scopes_too_large',
    'invalid_credentials',
    'account_disabled',
    'too_many_attempts',
    'overloaded',
  )
  async login(
    @Req() { user }: { user: Login },
    @Body({ schema: LoginDto }) body: LoginDto,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenPairDto> {
    const tokens = await this.auth.login(user, origin, askedBy(body));
    setCookie(reply, this.devices.cookieFor(user));
    return tokens;
  }

  @Public()
  @RateLimited('refresh')
  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Exchange a refresh token for a new pair',
    description:
      'A refresh token is good for one refresh. Presented again soon after, it answers the same successor, so that ' +
      'retries and lost answers do no harm; presented after its successor was used, it ends the session.',
  })
  @ApiOkResponse({ standardSchema: TokenPairDto, description: 'The next pair of this session' })
  @ApiProblems(
    'malformed_request',
    'validation_failed',
    'invalid_scope',
    'invalid_target',
    'scopes_too_large',
    'refresh_token_invalid',
    'refresh_token_expired',
    'refresh_token_reused',
    'session_revoked',
    'token_wrong_type',
    'too_many_attempts',
  )
  async refresh(
    @Body({ schema: RefreshDto }) { refresh_token: token, scope }: RefreshDto,
    @RequestOrigin() origin: Origin,
    @CurrentConnection() connection: ClientConnection,
  ): Promise<TokenPairDto> {
    return this.refreshes.refresh(token, { origin, connection }, askedBy({ scope }));
  }

  @BeforePasswordChange()
  @Post('logout')
  @HttpCode(204)
  @ApiOperation({ summary: 'End this session' })
  @ApiNoContentResponse({ description: 'Its tokens are dead' })
  async logout(@CurrentUser() principal: UserPrincipal): Promise<void> {
    await this.auth.logout(principal);
  }

  @Post('logout-all')
  @HttpCode(204)
  @ApiOperation({ summary: 'End every session of mine' })
  @ApiNoContentResponse({ description: 'All their tokens are dead' })
  async logoutAll(@CurrentUser() principal: UserPrincipal): Promise<void> {
    await ownAccount(this.auth.logoutAll(principal));
  }

  @ForApplications()
  @Get('verify')
  @Header('content-length', '0')
  @ApiOperation({
    summary: 'Check the bearer token of a request',
    description:
      'For tokens of applications. For reverse proxies: nginx auth_request, Traefik ForwardAuth, Caddy forward_auth, Envoy ext_authz.',
  })
  @ApiOkResponse({
    description: 'The token is good; the body is empty',
    headers: {
      'X-Auth-User': {
        description: 'The user’s id; of a client’s own token the client’s',
        schema: { type: 'string' },
      },
      'X-Auth-Client': {
        description: 'The client that the token was issued to: `first-party`, or the client’s id',
        schema: { type: 'string' },
      },
      'X-Auth-Scope': { description: 'The token’s scopes, space-separated', schema: { type: 'string' } },
      'X-Auth-Session': { description: 'The session’s id', schema: { type: 'string' } },
    },
  })
  @ApiProblems('validation_failed', 'insufficient_scope')
  verify(
    @CurrentPrincipal() principal: Principal,
    @Query({ schema: VerifyQueryDto }) { scope, audience }: VerifyQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): void {
    if (audience !== undefined) assertAudience(principal, audience);
    assertScopes(principal.scopes, scope);
    void reply.headers({ ...identityOf(principal) });
  }
}
