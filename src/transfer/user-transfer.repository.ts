import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { UserStatus } from '../users/user.entity.js';

/** A user with their password hash, as import and export transfer them. */
export interface TransferredUser {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly fullName: string | null;
  readonly status: UserStatus;
  readonly roles: readonly string[];
  readonly createdAt: Date;
  /** Null for a user without a password. */
  readonly passwordHash: string | null;
}

export interface ImportedUser extends TransferredUser {
  readonly emailKey: string;
  readonly usernameKey: string | null;
  /** The format and the id of the user in the other system. */
  readonly origin: string;
  /** Whether the id comes from the file. */
  readonly ownId: boolean;
}

/** Which accounts have the unique fields of a user in the file; null where none has. */
export interface Holders {
  /** The id in the file. */
  readonly id: string;
  /** The account that an import created for this user: it has the same id or origin. */
  readonly own: string | null;
  readonly email: string | null;
  readonly username: string | null;
}

/** The users of a batch are one JSON parameter, because SQL arrays cannot hold the lists of roles. */
const GIVEN = `given AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS g (
    id uuid, origin text, email text, "emailKey" text, "emailVerified" boolean, username text, "usernameKey" text,
    "fullName" text, "passwordHash" text, status text, roles text[], "createdAt" timestamptz))`;

/**
 * Raw: each statement inserts or compares thousands of users.
 * The statements of import and export. Each takes part in the caller's transaction.
 */
@Injectable()
export class UserTransferRepository {
  /**
   * Adds the users whose id, origin, e-mail address and user name are free, with their roles.
   * @returns the ids of the added users
   * @throws the database's foreign key violation if a role was deleted
   */
  async insertMissing(manager: EntityManager, users: readonly ImportedUser[], now: Date): Promise<string[]> {
    const rows: Array<{ id: string }> = await manager.query(
      `WITH ${GIVEN}, added AS (
         INSERT INTO users (id, origin, email, email_key, email_verified, username, username_key, full_name,
                            password_hash, status, created_at, updated_at)
         SELECT id, origin, email, "emailKey", "emailVerified", username, "usernameKey", "fullName",
                "passwordHash", status, "createdAt", $2
           FROM given ON CONFLICT DO NOTHING RETURNING id),
       granted AS (
         INSERT INTO user_roles (user_id, role)
         SELECT id, role FROM added JOIN given USING (id), unnest(given.roles) AS role)
       SELECT id FROM added`,
      [JSON.stringify(users), now],
    );
    return rows.map(({ id }) => id);
  }

  /** The holders of the unique fields of each user, in no order. */
  async findHolders(manager: EntityManager, users: readonly ImportedUser[]): Promise<Holders[]> {
    if (users.length === 0) return [];
    return manager.query(
      `WITH ${GIVEN}
       SELECT id,
              coalesce((SELECT u.id FROM users u WHERE u.id = given.id),
                       (SELECT u.id FROM users u WHERE u.origin = given.origin)) AS own,
              (SELECT u.id FROM users u WHERE u.email_key = given."emailKey") AS email,
              (SELECT u.id FROM users u WHERE u.username_key = given."usernameKey") AS username
         FROM given`,
      [JSON.stringify(users)],
    );
  }

  /** Raises the permission versions of users to these at least. */
  async raiseVersions(manager: EntityManager, versions: ReadonlyMap<string, number>): Promise<void> {
    if (versions.size === 0) return;
    await manager.query(
      `UPDATE users SET permission_version = greatest(permission_version, version)
         FROM unnest($1::uuid[], $2::int[]) AS given (user_id, version) WHERE id = user_id`,
      [[...versions.keys()], [...versions.values()]],
    );
  }

  /**
   * Makes an account, which the caller has locked, that of a user in the file. Id, roles and status stay.
   * @throws the database's unique violation
   */
  async replaceIdentity(manager: EntityManager, id: string, user: ImportedUser, now: Date): Promise<void> {
    await manager.query(
      `UPDATE users SET origin = $2, email = $3, email_key = $4, email_verified = $5, username = coalesce($6, username),
              username_key = coalesce($7, username_key),
              username_skeleton = CASE WHEN $7::text IS NULL THEN username_skeleton END, full_name = coalesce($8, full_name), password_hash = $9,
              updated_at = $10
        WHERE id = $1`,
      [
        id,
        ...[user.origin, user.email, user.emailKey, user.emailVerified, user.username, user.usernameKey],
        ...[user.fullName, user.passwordHash, now],
      ],
    );
  }

  /** One page of users in the order of their ids. */
  async exportPage(manager: EntityManager, after: string | null, limit: number): Promise<TransferredUser[]> {
    return manager.query(
      `SELECT id, email, email_verified AS "emailVerified", username, full_name AS "fullName", status,
              created_at AS "createdAt", password_hash AS "passwordHash",
              ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS roles
         FROM users u WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
      [after, limit],
    );
  }
}
