import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { connectionOf } from '../access/client-connection.decorator.js';
import { originOf } from '../access/origin.decorator.js';
import { AppError } from '../platform/kernel/app-error.js';
import { BrowserCookie } from './browser-cookie.js';
import { BrowserSessions } from './browser-sessions.service.js';
import { PAGE_AUDIENCE, type PageAudience } from './page-audience.js';

/** Finds the session of a page's request by its cookie, and renews or clears the cookie. */
@Injectable()
export class BrowserGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly cookie: BrowserCookie,
    private readonly sessions: BrowserSessions,
  ) {}

  /** @throws AppError `login_required`, `password_change_required` where the page does not open; `unavailable` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    await this.findSession(request, http.getResponse<FastifyReply>());
    const audience = this.reflector.get<PageAudience>(PAGE_AUDIENCE, context.getHandler());
    if (audience === 'visitors') return true;
    const { browserSession: session } = request;
    if (!session) throw new AppError('login_required');
    const mustChange = session.principal.passwordChangeRequired && audience !== 'must-change-password';
    if (mustChange) throw new AppError('password_change_required');
    return true;
  }

  private async findSession(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const token = this.cookie.read(request);
    if (token === undefined || token === '') return;
    const presented = await this.sessions.present(token, {
      origin: originOf(request),
      connection: connectionOf(request),
      mayRotate: request.method !== 'HEAD',
    });
    if (presented.kind === 'ended') {
      if (request.method !== 'HEAD') this.cookie.clear(reply);
      return;
    }
    request.browserSession = presented.session;
    const { renewed } = presented;
    if (renewed) this.cookie.set(reply, renewed.token, renewed.maxAgeSeconds);
  }
}
