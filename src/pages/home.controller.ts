import { Controller, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UserPrincipal } from '../access/principal.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { MaybeSignedInUser, PageGet } from '../browser/page-route.decorator.js';
import { PageRenderer } from './page-renderer.js';

/** The first page: a visitor may sign in, a signed-in user goes to the account. */
@Controller()
export class HomeController {
  constructor(
    private readonly pages: PageRenderer,
    private readonly registration: RegistrationService,
  ) {}

  @PageGet('/', 'visitors')
  async home(
    @MaybeSignedInUser() user: UserPrincipal | undefined,
    @Query('done') done: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (user) return this.pages.redirect(reply, '/account');
    const notice = done === 'logout' ? this.pages.texts(request).logout.done : undefined;
    const registrationOpen = await this.registration.isOpen();
    return this.pages.send(request, reply, 'home', { registrationOpen, notice });
  }
}
