import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { UserPrincipal } from '../access/principal.js';
import { AppError } from '../platform/kernel/app-error.js';
import { publishingRefusals } from '../platform/metrics/events.js';
import { ClientAddresses } from '../limits/client-addresses.js';
import { GuessLimits } from '../limits/guess-limits.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { emailKeyOf, nameKeys, usernameKeyOf } from '../users/identity.js';
import { KnownDevices } from '../limits/known-devices.js';
import { UserCredentialsService } from '../users/user-credentials.service.js';
import type { StoredCredentials } from '../users/user-records.js';

/** A user whose password was just checked. Sessions are opened only from this. */
export interface Login {
  readonly userId: string;
  /** The stored hash that the password matched. A session opens only while the hash is still stored. */
  readonly passwordHash: string;
  /** The version of the user's device cookies when the password was checked. */
  readonly deviceVersion: number;
}

/** The credentials of a login and the request's origin. */
export interface Attempt {
  /** An e-mail address (it has an @) or a user name. */
  readonly username: string;
  readonly password: string;
  readonly ip: string | null;
  /** The value of the request's device cookie. */
  readonly deviceCookie: string | undefined;
}

/** Checks passwords for the login, the password grant and the change of a password. */
@Injectable()
export class CredentialsService {
  constructor(
    private readonly users: UserCredentialsService,
    private readonly hasher: PasswordHasher,
    private readonly limits: GuessLimits,
    private readonly addresses: ClientAddresses,
    private readonly devices: KnownDevices,
  ) {}

  /**
   * Checks a user name and password. An unknown user and a wrong password take the same time and throw the same error.
   * A hash of another system or of older parameters is replaced.
   * @throws AppError `invalid_credentials`, `account_disabled` (only with the right password), `too_many_attempts`,
   * `overloaded`
   */
  async check(attempt: Attempt): Promise<Login> {
    const client = this.addresses.clientOf(attempt.ip);
    return publishingRefusals('login', () =>
      this.limits.admit(client, () => this.checkCounted(attempt, client)),
    );
  }

  /**
   * Checks the password of the user of a live session. Wrong guesses count for this session, as for a known device.
   * @returns the stored hash, so that a change of the password can require that it is still stored
   * @throws AppError `not_found` for an unknown user, `invalid_credentials`, `too_many_attempts`, `overloaded`
   */
  async checkOwn({ userId, sessionId, origin }: UserPrincipal, password: string): Promise<string> {
    const client = this.addresses.clientOf(origin.ip);
    return this.limits.admit(client, async () => {
      const stored = await this.users.find({ id: userId });
      if (!stored) throw new AppError('not_found');
      const guess = { account: userId, accountExists: true, client, device: sessionId };
      return this.limits.attempt(guess, () => this.matching(stored, password, client));
    });
  }

  private async checkCounted(
    { username, password, deviceCookie }: Attempt,
    client: string | undefined,
  ): Promise<Login> {
    const stored = await this.users.find(nameKeys(username));
    const key = username.includes('@') ? emailKeyOf(username) : usernameKeyOf(username);
    const owner = stored && { userId: stored.id, deviceVersion: stored.deviceVersion };
    const guess = {
      account: stored?.id ?? createHash('sha256').update(key).digest('base64url'),
      accountExists: stored !== undefined,
      client,
      device: owner && this.devices.deviceOf(deviceCookie, owner),
    };
    const login = await this.limits.attempt(guess, async () => {
      if (!stored || !owner) {
        await this.hasher.matchDummy(password, guess.client);
        return undefined;
      }
      const passwordHash = await this.matching(stored, password, guess.client);
      return passwordHash === undefined ? undefined : { ...owner, passwordHash };
    });
    if (stored?.status !== 'active') throw new AppError('account_disabled');
    return login;
  }

  /** The stored hash if the password matches it, else undefined. */
  private async matching(
    stored: StoredCredentials,
    password: string,
    lane: string | undefined,
  ): Promise<string | undefined> {
    const { passwordHash } = stored;
    const { matches, outdated } = await this.hasher.matches(password, passwordHash, lane);
    if (!matches || passwordHash === null) return undefined;
    return outdated ? this.replaceHash({ ...stored, passwordHash }, password, lane) : passwordHash;
  }

  /** Replaces an outdated hash. If another request replaced it first, the password is checked against the new hash. */
  private async replaceHash(
    stored: StoredCredentials & { readonly passwordHash: string },
    password: string,
    lane: string | undefined,
  ): Promise<string | undefined> {
    const fresh = await this.hasher.hash(password, lane);
    const change = { from: stored.passwordHash, to: fresh, chosen: false };
    if (await this.users.replaceHash(stored.id, change)) return fresh;
    const current = await this.users.find({ id: stored.id });
    return current && this.matching(current, password, lane);
  }
}
