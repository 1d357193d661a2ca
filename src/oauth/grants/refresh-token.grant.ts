import { Injectable } from '@nestjs/common';
import { RefreshService } from '../../auth/refresh.service.js';
import type { FirstPartyGrant, Granted, GrantRequest } from './grant.js';

/** The refresh token grant (RFC 6749 section 6), for the service's own logins. */
@Injectable()
export class RefreshTokenGrant implements FirstPartyGrant {
  static readonly description = '`refresh_token` (RFC 6749 section 6), for people, without a client';
  readonly name = 'refresh_token';
  readonly audience = 'first-party';
  readonly requires = ['refresh_token'] as const;

  constructor(private readonly refreshes: RefreshService) {}

  /** @throws AppError as {@link RefreshService.refresh} */
  async issue({ parameters, asked, origin, connection }: GrantRequest): Promise<Granted> {
    return {
      tokens: await this.refreshes.refresh(parameters.refresh_token, { origin, connection }, asked),
    };
  }
}
