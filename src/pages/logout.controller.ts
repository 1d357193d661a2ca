import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UserPrincipal } from '../access/principal.js';
import { AuthService } from '../auth/auth.service.js';
import { BrowserCookie } from '../browser/browser-cookie.js';
import { MaybeSignedInUser, PageGet, PagePost, SignedInUser } from '../browser/page-route.decorator.js';
import { UsersService } from '../users/users.service.js';
import { PageRenderer } from './page-renderer.js';

/** Signing out: by a button, because a link must change nothing. */
@Controller('logout')
export class LogoutController {
  constructor(
    private readonly pages: PageRenderer,
    private readonly auth: AuthService,
    private readonly users: UsersService,
    private readonly cookie: BrowserCookie,
  ) {}

  @PageGet('', 'must-change-password')
  async show(
    @SignedInUser() { userId }: UserPrincipal,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { email } = await this.users.get(userId);
    return this.pages.send(request, reply, 'logout', { name: email });
  }

  @PagePost('', 'visitors')
  async logOut(
    @MaybeSignedInUser() user: UserPrincipal | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (user) await this.auth.logout(user);
    this.cookie.clear(reply);
    this.pages.redirect(reply, '/?done=logout');
  }
}
