import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { NameKeys } from './identity.js';
import { UsersRepository } from './users.repository.js';
import type { HashChange, StoredCredentials } from './user-records.js';

/** One of the names by which a login finds a user. */
export type CredentialsKey = NameKeys | { readonly id: string };

/** Reads and replaces the stored password hashes. The room auth checks passwords. */
@Injectable()
export class UserCredentialsService {
  constructor(
    private readonly users: UsersRepository,
    private readonly manager: EntityManager,
  ) {}

  /** Id, password hash and status of a user; undefined for an unknown one. */
  async find(by: CredentialsKey): Promise<StoredCredentials | undefined> {
    return this.users.findCredentials(this.manager, by);
  }

  /** Locks a user's row until the transaction ends: against changes and other logins. Undefined for an unknown id. */
  async lockForSession(
    manager: EntityManager,
    id: string,
  ): Promise<Pick<StoredCredentials, 'passwordHash' | 'status'> | undefined> {
    return this.users.lockForSession(manager, id);
  }

  /**
   * Replaces a hash only if it is still the one that was checked, so that a password changed meanwhile stays.
   * @param change `chosen` for a password that the user chose: the user need not change it any more
   * @returns whether the hash was replaced
   */
  async replaceHash(id: string, change: HashChange, manager: EntityManager = this.manager): Promise<boolean> {
    return this.users.replacePasswordHash(manager, id, change);
  }

  /** Sets the hash of a user whom the caller has locked, and who must then change the password. */
  async setHash(manager: EntityManager, id: string, hash: string): Promise<void> {
    await this.users.setPasswordHash(manager, id, hash);
  }
}
