import { Body, Controller, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UserPrincipal } from '../access/principal.js';
import { MaybeSignedInUser, PageGet, PagePost } from '../browser/page-route.decorator.js';
import { returnPath } from '../browser/return-to.js';
import { LoginPages } from './login-pages.service.js';
import { PageRenderer } from './page-renderer.js';

/** Signing in. */
@Controller('login')
export class LoginController {
  constructor(
    private readonly pages: PageRenderer,
    private readonly logins: LoginPages,
  ) {}

  @PageGet('', 'visitors')
  async show(
    @MaybeSignedInUser() user: UserPrincipal | undefined,
    @Query('return_to') returnTo: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const path = returnPath(returnTo);
    if (user) return this.pages.redirect(reply, path ?? '/account');
    return this.logins.show(request, reply, { username: '', remember: false, returnTo: path });
  }

  @PagePost('', 'visitors')
  async logIn(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.logins.logIn(request, reply, body);
  }
}
