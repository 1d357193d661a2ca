import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { AppError } from '../platform/kernel/app-error.js';
import { publishingRefusals } from '../platform/metrics/events.js';
import { ClientAddresses } from '../limits/client-addresses.js';
import { GuessLimits } from '../limits/guess-limits.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { identityKey } from '../users/identity.js';
import { KnownDevices } from '../limits/known-devices.js';
import { UserCredentialsService } from '../users/user-credentials.service.js';
import type { StoredCredentials } from '../users/user-records.js';

/** A user whose password was right just now; the only way to get a session. */
export interface Login {
  readonly userId: string;
  /** The stored hash the password was checked against: a session starts only while it is still the one. */
  readonly passwordHash: string;
}

/** What a login gives, and who gives it. */
export interface Attempt {
  /** An e-mail address (it has an @) or a user name. */
  readonly username: string;
  readonly password: string;
  readonly ip: string | null;
  /** The request's `Cookie` header. */
  readonly cookies: string | undefined;
}

/** Checks user names and passwords: for the local strategy, the password grant and the change of a password. */
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
   * Takes the same time and answers the same bytes whether the user is unknown or the password wrong. A hash of another
   * system or of older parameters is renewed.
   * @throws AppError `invalid_credentials`, `account_disabled` (only with the right password), `too_many_attempts`,
   * `overloaded`
   */
  async check(attempt: Attempt): Promise<Login> {
    const client = this.addresses.clientOf(attempt.ip);
    return publishingRefusals('login', () => this.limits.admit(client, () => this.checked(attempt, client)));
  }

  /**
   * Whether the password is this user's own. A live session asks: its wrong guesses are counted as a known device's.
   * @returns the stored hash, so that a change can insist that it is still the one that was checked
   * @throws AppError `not_found` where there is no such user, `invalid_credentials`, `too_many_attempts`, `overloaded`
   */
  async checkOwn(userId: string, password: string, ip: string | null): Promise<string> {
    const client = this.addresses.clientOf(ip);
    return this.limits.admit(client, async () => {
      const stored = await this.users.find({ id: userId });
      if (!stored) throw new AppError('not_found');
      const guess = { account: userId, accountExists: true, client, knownDevice: true };
      return this.limits.attempt(guess, () => this.matching(stored, password, client));
    });
  }

  private async checked(
    { username, password, cookies }: Attempt,
    client: string | undefined,
  ): Promise<Login> {
    const key = identityKey(username);
    const by = key.includes('@') ? { emailKey: key } : { usernameKey: key };
    const stored = await this.users.find(by);
    const guess = {
      account: stored?.id ?? createHash('sha256').update(key).digest('base64url'),
      accountExists: stored !== undefined,
      client,
      knownDevice: stored !== undefined && this.devices.isKnown(cookies, stored.id),
    };
    const login = await this.limits.attempt(guess, async () => {
      if (!stored) {
        await this.hasher.matchNobody(password, guess.client);
        return undefined;
      }
      const passwordHash = await this.matching(stored, password, guess.client);
      return passwordHash === undefined ? undefined : { userId: stored.id, passwordHash };
    });
    if (stored?.status !== 'active') throw new AppError('account_disabled');
    return login;
  }

  /** The stored hash where the password matches it. */
  private async matching(
    stored: StoredCredentials,
    password: string,
    lane: string | undefined,
  ): Promise<string | undefined> {
    const { matches, outdated } = await this.hasher.matches(password, stored.passwordHash, lane);
    if (!matches) return undefined;
    return outdated ? this.renew(stored, password, lane) : stored.passwordHash;
  }

  /** Where another login renewed the hash first, or the password was changed, the hash of now is checked instead. */
  private async renew(
    stored: StoredCredentials,
    password: string,
    lane: string | undefined,
  ): Promise<string | undefined> {
    const renewed = await this.hasher.hash(password, lane);
    const change = { from: stored.passwordHash, to: renewed };
    if (await this.users.replaceHash(stored.id, change)) return renewed;
    const now = await this.users.find({ id: stored.id });
    return now && this.matching(now, password, lane);
  }
}
