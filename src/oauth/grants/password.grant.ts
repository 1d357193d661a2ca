import { Injectable } from '@nestjs/common';
import { AuthService } from '../../auth/auth.service.js';
import { CredentialsService } from '../../auth/credentials.service.js';
import { KnownDevices } from '../../limits/known-devices.js';
import type { FirstPartyGrant, Granted, GrantRequest } from './grant.js';

/** The resource owner password credentials grant (RFC 6749 section 4.3), for the service's own logins. */
@Injectable()
export class PasswordGrant implements FirstPartyGrant {
  static readonly description = '`password` (RFC 6749 section 4.3), for people, without a client';
  readonly name = 'password';
  readonly audience = 'first-party';
  readonly requires = ['username', 'password'] as const;

  constructor(
    private readonly auth: AuthService,
    private readonly credentials: CredentialsService,
    private readonly devices: KnownDevices,
  ) {}

  /** @throws AppError as {@link CredentialsService.check} and {@link AuthService.login} */
  async issue({ parameters, asked, origin, deviceCookie }: GrantRequest): Promise<Granted> {
    const { username, password } = parameters;
    const login = await this.credentials.check({ username, password, ip: origin.ip, deviceCookie });
    const tokens = await this.auth.login(login, origin, asked);
    return { tokens, cookie: this.devices.cookieFor(login) };
  }
}
