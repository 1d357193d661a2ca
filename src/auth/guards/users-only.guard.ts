import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { USERS_ONLY } from '../../access/access.decorators.js';
import { FIRST_PARTY, type Principal } from '../../access/principal.js';
import { AppError } from '../../platform/kernel/app-error.js';

/** Global, after JwtAuthGuard: refuses clients on routes about the caller's own account (`@CurrentUser`). */
@Injectable()
export class UsersOnlyGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** @throws AppError `user_required` for a token that was issued to a client */
  canActivate(context: ExecutionContext): boolean {
    if (!this.reflector.get<boolean | undefined>(USERS_ONLY, context.getHandler())) return true;
    const { user } = context.switchToHttp().getRequest<FastifyRequest & { user?: Principal }>();
    if (user?.clientId !== FIRST_PARTY) throw new AppError('user_required');
    return true;
  }
}
