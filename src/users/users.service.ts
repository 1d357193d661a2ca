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
import { NewPasswords } from '../passwords/new-passwords.js';
import { emailKeyOf, nameKeys, usernameKeyOf } from './identity.js';
import { usernameSkeleton } from './username-skeleton.js';
import { UsersRepository } from './users.repository.js';
import type { NewUser, Page, ProfileChange, UserRecord } from './user-records.js';

/** Limits of the batches that look users up by id. */
const LOOKUPS = { maxInFlight: 2, maxBatch: 100, maxWaitMs: 5000 } as const;

export interface CreateUser {
  readonly email: string;
  readonly password: string;
  readonly username?: string | null | undefined;
  readonly fullName?: string | null | undefined;
  readonly roles: readonly string[];
  /** Whether the user must change the password first. Default: false. */
  readonly passwordChangeRequired?: boolean;
}

export interface ChangeProfile {
  readonly email?: string | undefined;
  readonly username?: string | null | undefined;
  readonly fullName?: string | null | undefined;
}

const PROFILE_FIELDS = ['email', 'username', 'fullName'] as const satisfies ReadonlyArray<
  keyof ChangeProfile
>;

/** Creates, finds and lists users, and changes their profiles. A change of a profile ends no session. */
@Injectable()
export class UsersService {
  private readonly lookups = new Batcher((ids: readonly string[]) => this.lookUp(ids), LOOKUPS);
  /** Numbers of users, by the beginning of the e-mail address. */
  private readonly counts: CachedCounts;

  constructor(
    private readonly users: UsersRepository,
    private readonly manager: EntityManager,
    private readonly passwords: NewPasswords,
    private readonly clock: Clock,
  ) {
    this.counts = new CachedCounts((emailPrefix) => users.count(manager, emailPrefix), clock);
  }

  /**
   * Checks and hashes the password of a new user: the slow part, which needs no database.
   * @throws AppError `validation_failed`, `overloaded`
   */
  async prepare(input: CreateUser, lane?: string): Promise<NewUser> {
    await this.passwords.assertAcceptable(input.password, input);
    const now = this.clock.now();
    const username = input.username ?? null;
    return {
      id: newId(now),
      email: input.email,
      emailKey: emailKeyOf(input.email),
      username,
      usernameKey: username === null ? null : usernameKeyOf(username),
      usernameSkeleton: username === null ? null : await usernameSkeleton(username),
      fullName: input.fullName ?? null,
      passwordHash: await this.passwords.hash(input.password, lane),
      passwordChangeRequired: input.passwordChangeRequired ?? false,
      roles: input.roles,
      now: new Date(now),
    };
  }

  /** Stores a prepared user. @throws AppError `email_taken`, `username_taken` */
  async add(user: NewUser, manager: EntityManager = this.manager): Promise<UserRecord> {
    await takenAsError(this.users.insert(manager, user));
    return this.get(user.id, manager);
  }

  /** @param manager of the caller's transaction, if any @throws AppError `not_found` */
  async get(id: string, manager?: EntityManager): Promise<UserRecord> {
    const user = await (manager ? this.users.findById(manager, id) : this.lookups.ask(id));
    if (!user) throw new AppError('not_found');
    return user;
  }

  private async lookUp(ids: readonly string[]): Promise<Array<UserRecord | undefined>> {
    const users = await this.users.findByIds(this.manager, ids);
    const byId = new Map(users.map((user) => [user.id, user]));
    // An id in capitals is the same id; the database returns lower case.
    return ids.map((id) => byId.get(id.toLowerCase()));
  }

  /**
   * The user with this id, e-mail address or user name.
   * @throws AppError `not_found`
   */
  async find(name: string): Promise<UserRecord> {
    const byId = isUuid(name) ? await this.users.findById(this.manager, name) : undefined;
    if (byId) return byId;
    const known = isCleanText(name.trim())
      ? await this.users.findCredentials(this.manager, nameKeys(name))
      : undefined;
    if (!known) throw new AppError('not_found');
    return this.get(known.id);
  }

  /**
   * One page of users ordered by creation, or of a search ordered by address, and the number of all matches, which may
   * be minutes old from 100,000 on.
   * @throws AppError `validation_failed` if a search continues after a deleted user
   */
  async list(page: Page): Promise<{ users: UserRecord[]; total: number }> {
    const emailPrefix = page.emailPrefix === undefined ? undefined : emailKeyOf(page.emailPrefix);
    const [users, total] = await Promise.all([
      this.users.list(this.manager, { ...page, emailPrefix }),
      this.counts.count(emailPrefix),
    ]);
    const isLost = users.length === 0 && emailPrefix !== undefined && page.after !== undefined;
    // A deleted user has no place in the order, and an empty page would look like the end of the list.
    if (isLost && !(await this.users.findById(this.manager, page.after)))
      throw invalidField('after', 'invalid_format');
    return { users, total };
  }

  /** The number of users. Takes time in proportion to it. */
  async count(manager: EntityManager = this.manager): Promise<number> {
    return this.users.count(manager);
  }

  /**
   * Changes the profile of a user whom the caller has locked. Values that the user has already change nothing. A new
   * e-mail address is unproved.
   * @returns the user, and the names of the fields that changed; without any, nothing was written
   * @throws AppError `email_taken`, `username_taken`
   */
  async changeProfile(
    manager: EntityManager,
    user: UserRecord,
    change: ChangeProfile,
  ): Promise<{ user: UserRecord; fields: string[] }> {
    const fields = changedFields(user, change);
    if (fields.length === 0) return { user, fields };
    const changed = Object.fromEntries(fields.map((name) => [name, change[name]])) as ChangeProfile;
    await takenAsError(
      this.users.updateProfile(manager, user.id, await columnsOf(user, changed), new Date(this.clock.now())),
    );
    return { user: await this.get(user.id, manager), fields };
  }
}

/** The names of the fields that a change would change. */
export function changedFields(user: UserRecord, change: ChangeProfile): Array<keyof ChangeProfile> {
  return PROFILE_FIELDS.filter((name) => change[name] !== undefined && change[name] !== user[name]);
}

async function columnsOf(
  user: UserRecord,
  { email, username, fullName }: ChangeProfile,
): Promise<ProfileChange> {
  const isOtherAddress = email !== undefined && emailKeyOf(email) !== emailKeyOf(user.email);
  return {
    ...(fullName !== undefined && { fullName }),
    ...(email !== undefined && { email, emailKey: emailKeyOf(email) }),
    ...(isOtherAddress && { emailVerified: false }),
    ...(username !== undefined && {
      username,
      usernameKey: username === null ? null : usernameKeyOf(username),
      usernameSkeleton: username === null ? null : await usernameSkeleton(username),
    }),
  };
}

/** The unique constraints decide between parallel requests; a check before the insert would lose the race. */
async function takenAsError<T>(statement: Promise<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    const constraint = uniqueViolation(error);
    if (constraint === 'uq_users_email_key') throw new AppError('email_taken');
    if (constraint === 'uq_users_username_key' || constraint === 'uq_users_username_skeleton')
      throw new AppError('username_taken');
    throw error;
  }
}
