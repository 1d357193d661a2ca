import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { IS_PUBLIC } from '../../access/access.decorators.js';
import { JwtStrategy } from '../strategies/jwt.strategy.js';
import { refusalOf } from './refusal.js';

/** Global: every route requires an access token unless it is marked `@Public()`. */
@Injectable()
export class JwtAuthGuard extends AuthGuard() {
  constructor(
    strategy: JwtStrategy,
    private readonly reflector: Reflector,
  ) {
    super({ defaultStrategy: strategy.name });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    return isPublic === true || (await super.canActivate(context)) === true;
  }

  /** Keeps the strategy's error, which @nestjs/passport would replace with a bare 401. */
  override handleRequest<T>(error: unknown, principal: T | false | null | undefined, info: unknown): T {
    if (error || !principal) throw refusalOf(error ?? info);
    return principal;
  }
}
