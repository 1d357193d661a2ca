import { applyDecorators, Injectable, SetMetadata, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { originOf } from '../access/origin.decorator.js';
import { AppError } from '../platform/kernel/app-error.js';
import { ClientAddresses } from './client-addresses.js';
import { RateLimits, type LimitName } from './rate-limits.js';

const LIMIT = Symbol('RateLimit');

/**
 * Limits how often a client may call an operation. The answer states the limit in the fields of the IETF draft
 * "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers).
 */
export function RateLimited(name: LimitName): MethodDecorator {
  return applyDecorators(SetMetadata(LIMIT, name), UseGuards(RateLimitGuard));
}

@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
    private readonly addresses: ClientAddresses,
  ) {}

  /** @throws AppError `too_many_attempts` with `Retry-After` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const name = this.reflector.get<LimitName | undefined>(LIMIT, context.getHandler());
    if (name === undefined) throw new Error('RateLimitGuard used without @RateLimited');
    const http = context.switchToHttp();
    const client = this.addresses.clientOf(originOf(http.getRequest<FastifyRequest>()).ip);
    if (client === undefined) return true;
    const counter = this.limits.of(name);
    const { points, seconds } = counter.budget;
    const { allowed, taken, resetSeconds = seconds } = await counter.take(client);
    const headers = {
      'ratelimit-policy': `"${name}";q=${points};w=${seconds}`,
      ratelimit: `"${name}";r=${Math.max(0, points - taken)};t=${resetSeconds}`,
    };
    if (!allowed) {
      throw new AppError('too_many_attempts', {
        headers: { ...headers, 'retry-after': String(resetSeconds) },
        diagnosis: { cause: `the limit "${name}" is used up` },
      });
    }
    void http.getResponse<FastifyReply>().headers(headers);
    return true;
  }
}
