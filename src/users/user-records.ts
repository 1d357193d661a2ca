import type { User, UserStatus } from './user.entity.js';

/** A user with their roles and the scopes of these roles. */
export interface UserRecord {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly fullName: string | null;
  readonly roles: string[];
  readonly scopes: string[];
  readonly status: UserStatus;
  readonly passwordChangeRequired: boolean;
  readonly permissionVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A user whose name has no skeleton yet. */
export interface BareUsername {
  readonly id: string;
  readonly username: string;
}

/** The columns of a user that a login reads. */
export interface StoredCredentials {
  readonly id: string;
  /** Null for a user without a password. */
  readonly passwordHash: string | null;
  readonly status: UserStatus;
  /** See KnownDevices. */
  readonly deviceVersion: number;
}

/** The replacement of a password hash. */
export interface HashChange {
  readonly from: string;
  readonly to: string;
  /**
   * Whether the user chose another password, and not only another hash of the same one: then the user need not change it
   * any more, and the device cookies of before become void.
   */
  readonly chosen: boolean;
}

/** A change with which a user's permission version rises. */
export interface VersionChange {
  readonly status?: UserStatus;
  readonly now: Date;
  /** Whether the user's device cookies become void. */
  readonly voidsDevices?: boolean;
}

export interface NewUser {
  readonly id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly username: string | null;
  readonly usernameKey: string | null;
  readonly usernameSkeleton: string | null;
  readonly fullName: string | null;
  readonly passwordHash: string;
  readonly passwordChangeRequired: boolean;
  readonly roles: readonly string[];
  readonly now: Date;
}

/** The columns of a profile that change. */
export type ProfileChange = Partial<
  Pick<
    User,
    'fullName' | 'email' | 'emailKey' | 'emailVerified' | 'username' | 'usernameKey' | 'usernameSkeleton'
  >
>;

export interface Page {
  /** 1 to 100. */
  readonly limit: number;
  readonly offset: number;
  /** The last id of the page before: keyset paging, which stays fast on any page. */
  readonly after?: string | undefined;
  /** The beginning of the e-mail addresses' keys, by which the page is then ordered. */
  readonly emailPrefix?: string | undefined;
}

export interface RoleRecord {
  readonly name: string;
  readonly scopes: string[];
}
