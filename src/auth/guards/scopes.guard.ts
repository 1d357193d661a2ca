import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { FOR_APPLICATIONS, IS_PUBLIC, REQUIRED_SCOPES, USERS_ONLY } from '../../access/access.decorators.js';
import { assertForApplication, assertForService, assertScopes } from '../../access/assert-scopes.js';
import { Audiences } from '../../access/audiences.js';
import type { Principal } from '../../access/principal.js';

/**
 * Global, after JwtAuthGuard: admits principals whose token is for the audience of the route and holds every scope of
 * `@RequireScopes`. A closed route takes tokens for this service, unless it is about the caller's own account
 * (`@CurrentUser`: any audience) or `@ForApplications`.
 */
@Injectable()
export class ScopesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly audiences: Audiences,
  ) {}

  /** @throws AppError `insufficient_scope` naming the missing scopes (RFC 6750 section 3.1), `token_wrong_audience` */
  canActivate(context: ExecutionContext): boolean {
    const read = (key: string): unknown =>
      this.reflector.getAllAndOverride(key, [context.getHandler(), context.getClass()]);
    if (read(IS_PUBLIC) === true) return true;
    const { user } = context.switchToHttp().getRequest<FastifyRequest & { user: Principal }>();
    const required = (read(REQUIRED_SCOPES) ?? []) as readonly string[];
    const isOwnAccount = read(USERS_ONLY) === true && required.length === 0;
    if (read(FOR_APPLICATIONS) === true) assertForApplication(user);
    else if (!isOwnAccount) assertForService(user, required, this.audiences.service.identifier);
    assertScopes(user.scopes, required);
    return true;
  }
}
