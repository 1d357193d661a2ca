import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-local';
import { originOf } from '../../access/origin.decorator.js';
import { DEVICE_COOKIE } from '../../limits/known-devices.js';
import { cookieOf } from '../../platform/http/cookies.js';
import { CredentialsService, type Login } from '../credentials.service.js';
import type { LoginDto } from '../dto/login.dto.js';
import { registerUnderOwnName, unregister } from './own-name.js';

/**
 * Checks the user name (or e-mail address) and password of a login; LocalAuthGuard has validated the body.
 * passport-local would also read the query string, which reaches logs, so `authenticate` is overridden.
 */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) implements OnModuleDestroy {
  constructor(private readonly credentials: CredentialsService) {
    super();
  }

  getPassportInstance(): unknown {
    return { use: (strategy: Strategy) => registerUnderOwnName(strategy, 'local') };
  }

  onModuleDestroy(): void {
    unregister(this);
  }

  /** Passport calls this on a copy of the strategy that serves one request. */
  override authenticate(request: unknown): void {
    this.validate(request as FastifyRequest<{ Body: LoginDto }>).then(
      (login) => this.success(login),
      (error: Error) => this.error(error),
    );
  }

  /** @throws AppError `invalid_credentials`, `account_disabled`, `too_many_attempts`, `overloaded` */
  async validate(request: FastifyRequest<{ Body: LoginDto }>): Promise<Login> {
    const { username, password } = request.body;
    const { ip } = originOf(request);
    const deviceCookie = cookieOf(request, DEVICE_COOKIE);
    return this.credentials.check({ username, password, ip, deviceCookie });
  }
}
