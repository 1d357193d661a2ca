import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { CredentialsService, type Login } from '../credentials.service.js';

/** User name (or e-mail address) and password of a login. LocalAuthGuard has validated the body before. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy, 'local') {
  constructor(private readonly credentials: CredentialsService) {
    super();
  }

  /** @throws AppError `invalid_credentials`, `account_disabled`, `overloaded` */
  async validate(username: string, password: string): Promise<Login> {
    return this.credentials.check(username, password);
  }
}
