import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { parseBody } from '../../platform/kernel/validation.js';
import { LoginDto } from '../dto/login.dto.js';
import { LocalStrategy } from '../strategies/local.strategy.js';
import { refusalOf } from './refusal.js';

/** Runs the local strategy on the JSON body. Guards run before pipes, so the guard validates the body. */
@Injectable()
export class LocalAuthGuard extends AuthGuard() {
  constructor(strategy: LocalStrategy) {
    super({ defaultStrategy: strategy.name });
  }

  /** @throws AppError `malformed_request`, `validation_failed`, and the errors of LocalStrategy */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    request.body = parseBody(LoginDto, request.body);
    return (await super.canActivate(context)) === true;
  }

  /** Keeps the strategy's error, as JwtAuthGuard does. */
  override handleRequest<T>(error: unknown, login: T | false | null | undefined, info: unknown): T {
    if (error || !login) throw refusalOf(error ?? info);
    return login;
  }
}
