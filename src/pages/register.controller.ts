import { Body, Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UserPrincipal } from '../access/principal.js';
import { MaybeSignedInUser, PageGet, PagePost } from '../browser/page-route.decorator.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { PageRenderer } from './page-renderer.js';
import { RegisterPages } from './register-pages.service.js';

/** Creating an account. */
@Controller('register')
export class RegisterController {
  constructor(
    private readonly pages: PageRenderer,
    private readonly registrations: RegisterPages,
  ) {}

  @PageGet('', 'visitors')
  async show(
    @MaybeSignedInUser() user: UserPrincipal | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (user) return this.pages.redirect(reply, '/account');
    return this.registrations.show(request, reply);
  }

  @RateLimited('register')
  @PagePost('', 'visitors')
  async register(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.registrations.register(request, reply, body);
  }
}
