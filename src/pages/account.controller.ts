import { Body, Controller, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UserPrincipal } from '../access/principal.js';
import { AuthService } from '../auth/auth.service.js';
import { PageGet, PagePost, SignedInUser } from '../browser/page-route.decorator.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { objectId } from '../platform/http/object-id.js';
import { toSessionDto } from '../sessions/dto/session.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { toUserDto } from '../users/dto/user.dto.js';
import { UsersService } from '../users/users.service.js';
import { AccountPages } from './account-pages.service.js';
import { asksForJson } from './accepts.js';
import { PageRenderer } from './page-renderer.js';

/** The signed-in user's own account. */
@Controller('account')
export class AccountPagesController {
  constructor(
    private readonly account: AccountPages,
    private readonly pages: PageRenderer,
    private readonly auth: AuthService,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
  ) {}

  @PageGet('', 'must-change-password')
  async show(
    @SignedInUser() user: UserPrincipal,
    @Query('done') done: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!asksForJson(request)) return this.account.show(user, request, reply, { done });
    const { sessions } = await this.sessions.list(user.userId, { limit: 100, offset: 0 });
    const account = toUserDto(await this.users.get(user.userId));
    void reply.send({
      ...account,
      sessions: sessions.map((session) => toSessionDto(session, user.sessionId)),
    });
  }

  @PagePost('profile', 'signed-in')
  async changeProfile(
    @SignedInUser() user: UserPrincipal,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.account.changeProfile(user, request, reply, body);
  }

  @RateLimited('password')
  @PagePost('password', 'must-change-password')
  async changePassword(
    @SignedInUser() user: UserPrincipal,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.account.changePassword(user, request, reply, body);
  }

  @PagePost('sessions/end-others', 'signed-in')
  async endOthers(@SignedInUser() user: UserPrincipal, @Res() reply: FastifyReply): Promise<void> {
    await this.auth.endOtherSessions(user);
    this.pages.redirect(reply, '/account?done=sessions');
  }

  @PagePost('sessions/:id/end', 'signed-in')
  async endSession(
    @SignedInUser() user: UserPrincipal,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.auth.endSession(user, objectId(id));
    this.pages.redirect(reply, '/account?done=session');
  }
}
