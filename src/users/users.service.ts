import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { uniqueViolation } from '../platform/database/connection.js';
import { AppError, invalidField } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { Batcher } from '../platform/pacing/batcher.js';
import { newId } from '../platform/kernel/ids.js';
import { CachedCounts } from '../platform/pacing/cached-counts.js';
import { isCleanText } from '../platform/kernel/validation.js';
import { assertAcceptablePassword } from '../passwords/password-policy.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { identityKey } from './identity.js';
import { UsersRepository } from './users.repository.js';
import type { NewUser, Page, UserRecord } from './user-records.js';

/** Limits of the batches that look users up by id. */
const LOOKUPS = { maxInFlight: 2, maxBatch: 100, maxWaitMs: 5000 } as const;

export interface CreateUser {
  readonly email: string;
  readonly password: string;
  readonly username?: string | null | undefined;
  readonly fullName?: string | null | undefined;
  readonly roles: readonly string[];
}

export interface ChangeProfile {
  readonly email?: string | undefined;
  readonly username?: string | null | undefined;
  readonly fullName?: string | null | undefined;
}

/** The accounts and their profiles. A change of a profile ends no session and revokes no token. */
@Injectable()
export class UsersService {
  private readonly lookups = new Batcher((ids: readonly string[]) => this.lookUp(ids), LOOKUPS);
  /** By the beginning of the e-mail address. */
  private readonly counts: CachedCounts;

  constructor(
    private readonly users: UsersRepository,
    private readonly manager: EntityManager,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {
    this.counts = new CachedCounts((emailPrefix) => users.count(manager, emailPrefix), clock);
  }

  /**
   * The slow half of creating a user, which needs no database: checks and hashes the password.
   * @throws AppError `validation_failed`, `overloaded`
   */
  async prepare(input: CreateUser, lane?: string): Promise<NewUser> {
    assertAcceptablePassword(input.password, input);
    const now = this.clock.now();
    const username = input.username ?? null;
    return {
      id: newId(now),
      email: input.email,
      emailKey: identityKey(input.email),
      username,
      usernameKey: username === null ? null : identityKey(username),
      fullName: input.fullName ?? null,
      passwordHash: await this.hasher.hash(input.password, lane),
      roles: input.roles,
      now: new Date(now),
    };
  }

  /** The other half, in the caller's transaction where there is one. @throws AppError `email_taken`, `username_taken` */
  async add(user: NewUser, manager: EntityManager = this.manager): Promise<UserRecord> {
    await takenAsError(this.users.insert(manager, user));
    return this.get(user.id, manager);
  }

  /** @param manager of the caller's transaction, where there is one @throws AppError `not_found` */
  async get(id: string, manager?: EntityManager): Promise<UserRecord> {
    const user = await (manager ? this.users.findById(manager, id) : this.lookups.ask(id));
    if (!user) throw new AppError('not_found');
    return user;
  }

  private async lookUp(ids: readonly string[]): Promise<Array<UserRecord | undefined>> {
    const users = await this.users.findByIds(this.manager, ids);
    const byId = new Map(users.map((user) => [user.id, user]));
    // An id in capitals is the same id; the database spells them small.
    return ids.map((id) => byId.get(id.toLowerCase()));
  }

  /**
   * A user as a person names one: by id, e-mail address or user name.
   * @throws AppError `not_found`
   */
  async find(name: string): Promise<UserRecord> {
    const byId = isUuid(name) ? await this.users.findById(this.manager, name) : undefined;
    if (byId) return byId;
    const key = identityKey(name);
    const by = key.includes('@') ? { emailKey: key } : { usernameKey: key };
    const known = isCleanText(key) ? await this.users.findCredentials(this.manager, by) : undefined;
    if (!known) throw new AppError('not_found');
    return this.get(known.id);
  }

  /**
   * One page in the order of creation, or of those whose e-mail address begins so in the order of the addresses; and how
   * many there are in all, which may be minutes old from 100,000 on.
   * @throws AppError `validation_failed` where a search goes on after somebody who is gone
   */
  async list(page: Page): Promise<{ users: UserRecord[]; total: number }> {
    const emailPrefix = page.emailPrefix === undefined ? undefined : identityKey(page.emailPrefix);
    const [users, total] = await Promise.all([
      this.users.list(this.manager, { ...page, emailPrefix }),
      this.counts.count(emailPrefix),
    ]);
    const isLost = users.length === 0 && emailPrefix !== undefined && page.after !== undefined;
    // Whoever was deleted meanwhile has no place in the alphabet, and an empty page would read as its end.
    if (isLost && !(await this.users.findById(this.manager, page.after)))
      throw invalidField('after', 'invalid_format');
    return { users, total };
  }

  /** How many users there are. Takes time in proportion to their number. */
  async count(manager: EntityManager = this.manager): Promise<number> {
    return this.users.count(manager);
  }

  /** @throws AppError `not_found`, `email_taken`, `username_taken` */
  async changeProfile(
    id: string,
    change: ChangeProfile,
    manager: EntityManager = this.manager,
  ): Promise<UserRecord> {
    const found = await takenAsError(
      this.users.updateProfile(
        manager,
        id,
        {
          fullName: change.fullName,
          email: change.email === undefined ? undefined : named(change.email),
          username: typeof change.username === 'string' ? named(change.username) : change.username,
        },
        new Date(this.clock.now()),
      ),
    );
    if (!found) throw new AppError('not_found');
    return this.get(id, manager);
  }
}

function named(value: string): { value: string; key: string } {
  return { value, key: identityKey(value) };
}

/** The unique constraints decide who was first; a check before the insert would lose the race. */
async function takenAsError<T>(statement: Promise<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    const constraint = uniqueViolation(error);
    if (constraint === 'uq_users_email_key') throw new AppError('email_taken');
    if (constraint === 'uq_users_username_key') throw new AppError('username_taken');
    throw error;
  }
}
