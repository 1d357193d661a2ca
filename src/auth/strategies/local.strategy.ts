import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-local';
import { originOf } from '../../access/origin.decorator.js';
import { CredentialsService, type Login } from '../credentials.service.js';

/** User name (or e-mail address) and password of a login. LocalAuthGuard has validated the body before. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy, 'local') {
  constructor(private readonly credentials: CredentialsService) {
    super({ passReqToCallback: true });
  }

  /** @throws AppError `invalid_credentials`, `account_disabled`, `too_many_attempts`, `overloaded` */
  async validate(request: FastifyRequest, username: string, password: string): Promise<Login> {
    const { ip } = originOf(request);
    return this.credentials.check({ username, password, ip, cookies: request.headers.cookie });
  }
}
