import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { scopeChallenge } from '../../../packages/verifier/src/bearer-errors.js';
import { REQUIRED_SCOPES } from '../../access/access.decorators.js';
import type { Principal } from '../../access/principal.js';
import { AppError } from '../../kernel/app-error.js';

/** Global, after JwtAuthGuard: lets a principal through who holds every scope of `@RequireScopes`. */
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

/** @throws AppError `insufficient_scope` where one of `required` is not held; all of them are named */
export function assertScopes(held: ReadonlySet<string>, required: readonly string[]): void {
  if (required.every((scope) => held.has(scope))) return;
  throw new AppError('insufficient_scope', {
    headers: { 'www-authenticate': scopeChallenge(required) },
  });
}
