import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { parseBody } from '../../platform/kernel/validation.js';
import { LoginDto } from '../dto/login.dto.js';
import { refusalOf } from './refusal.js';

/**
 * Runs the local strategy on the JSON body. Guards come before pipes, so the body is validated here; and because both
 * fields are then in the body, passport-local never looks for them in the query.
 */
@Injectable()
export class LocalAuthGuard extends AuthGuard('local') {
  /** @throws AppError `malformed_request`, `validation_failed`, and what the strategy throws */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    request.body = parseBody(LoginDto, request.body);
    return (await super.canActivate(context)) === true;
  }

  override handleRequest<T>(error: unknown, login: T | false | null | undefined, info: unknown): T {
    if (error || !login) throw refusalOf(error ?? info);
    return login;
  }
}
