import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { BEFORE_PASSWORD_CHANGE } from '../../access/access.decorators.js';
import type { Principal } from '../../access/principal.js';
import { AppError } from '../../platform/kernel/app-error.js';

/** Global, after JwtAuthGuard: a user who must change the password gets to `@BeforePasswordChange()` routes alone. */
@Injectable()
export class PasswordChangeGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** @throws AppError `password_change_required` */
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<FastifyRequest & { user?: Principal }>();
    if (user?.kind !== 'user' || !user.passwordChangeRequired) return true;
    if (this.reflector.get<boolean | undefined>(BEFORE_PASSWORD_CHANGE, context.getHandler())) return true;
    throw new AppError('password_change_required');
  }
}
