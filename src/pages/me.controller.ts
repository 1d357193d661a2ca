import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UserPrincipal } from '../access/principal.js';
import { PageGet, SignedInUser } from '../browser/page-route.decorator.js';
import { toUserDto } from '../users/dto/user.dto.js';
import { UsersService } from '../users/users.service.js';
import { asksForJson } from './accepts.js';
import { PageRenderer } from './page-renderer.js';
import { day } from './words.js';

/** The signed-in user as the service knows them. */
@Controller('admin/me')
export class MeController {
  constructor(
    private readonly pages: PageRenderer,
    private readonly users: UsersService,
  ) {}

  @PageGet('', 'signed-in')
  async show(
    @SignedInUser() { userId }: UserPrincipal,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const user = await this.users.get(userId);
    if (asksForJson(request)) return void reply.send(toUserDto(user));
    const { id, email, roles, scopes, createdAt } = user;
    const name = user.fullName ?? user.username ?? email;
    const memberSince = day(this.pages.texts(request), createdAt);
    return this.pages.send(request, reply, 'me', { id, name, email, roles, scopes, memberSince });
  }
}
