import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { IS_PUBLIC } from '../../access/access.decorators.js';
import { JwtStrategy } from '../strategies/jwt.strategy.js';
import { refusalOf } from './refusal.js';

/** Global: every route asks for an access token unless it is marked `@Public()`. */
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

  /** @nestjs/passport would answer a bare 401 here and drop the reason. */
  override handleRequest<T>(error: unknown, principal: T | false | null | undefined, info: unknown): T {
    if (error || !principal) throw refusalOf(error ?? info);
    return principal;
  }
}
