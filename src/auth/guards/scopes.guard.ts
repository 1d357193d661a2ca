import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { REQUIRED_SCOPES } from '../../access/access.decorators.js';
import { assertScopes } from '../../access/assert-scopes.js';
import type { Principal } from '../../access/principal.js';

/** Global, after JwtAuthGuard: admits principals that hold every scope of `@RequireScopes`. */
@Injectable()
export class ScopesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** @throws AppError `insufficient_scope` naming the missing scopes (RFC 6750 section 3.1) */
  canActivate(context: ExecutionContext): boolean {
    const required = this.reflector.getAllAndOverride<readonly string[] | undefined>(REQUIRED_SCOPES, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!required) return true;
    const { user } = context.switchToHttp().getRequest<FastifyRequest & { user?: Principal }>();
    assertScopes(user?.scopes ?? new Set(), required);
    return true;
  }
}
