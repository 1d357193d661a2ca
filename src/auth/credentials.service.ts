import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { AppError } from '../kernel/app-error.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { identityKey } from '../users/identity.js';
import { UsersRepository, type StoredCredentials } from '../users/users.repository.js';

/** A user whose password was right just now; the only way to get a session. */
export interface Login {
  readonly userId: string;
  /** The stored hash the password was checked against: a session starts only while it is still the one. */
  readonly passwordHash: string;
}

/** Checks user names and passwords: for the local strategy, the password grant and the change of a password. */
@Injectable()
export class CredentialsService {
  constructor(
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly manager: EntityManager,
  ) {}

  /**
   * Takes the same time and answers the same bytes whether the user is unknown or the password wrong. A hash of bcrypt
   * or of older parameters is renewed.
   * @param username an e-mail address (it has an @) or a user name
   * @throws AppError `invalid_credentials`, `account_disabled` (only with the right password), `overloaded`
   */
  async check(username: string, password: string): Promise<Login> {
    const key = identityKey(username);
    const by = key.includes('@') ? { emailKey: key } : { usernameKey: key };
    const stored = await this.users.findCredentials(this.manager, by);
    if (!stored) {
      await this.hasher.matchNobody(password);
      throw new AppError('invalid_credentials');
    }
    const passwordHash = await this.verify(stored, password);
    if (stored.status !== 'active') throw new AppError('account_disabled');
    return { userId: stored.id, passwordHash };
  }

  /**
   * Whether the password is this user's own.
   * @returns the stored hash, so that a change can insist that it is still the one that was checked
   * @throws AppError `not_found` where there is no such user, `invalid_credentials`, `overloaded`
   */
  async checkOwn(userId: string, password: string): Promise<string> {
    const stored = await this.users.findCredentials(this.manager, { id: userId });
    if (!stored) throw new AppError('not_found');
    return this.verify(stored, password);
  }

  private async verify(stored: StoredCredentials, password: string): Promise<string> {
    const { matches, outdated } = await this.hasher.matches(password, stored.passwordHash);
    if (!matches) throw new AppError('invalid_credentials');
    return outdated ? this.renew(stored, password) : stored.passwordHash;
  }

  /** Where another login renewed the hash first, or the password was changed, the hash of now is checked instead. */
  private async renew(stored: StoredCredentials, password: string): Promise<string> {
    const renewed = await this.hasher.hash(password);
    const change = { from: stored.passwordHash, to: renewed };
    if (await this.users.replacePasswordHash(this.manager, stored.id, change)) return renewed;
    const now = await this.users.findCredentials(this.manager, { id: stored.id });
    if (!now) throw new AppError('invalid_credentials');
    return this.verify(now, password);
  }
}
