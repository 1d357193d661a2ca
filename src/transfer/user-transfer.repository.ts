import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { UserStatus } from '../users/user.entity.js';

/** A user with their password hash, as import and export transfer them. */
export interface TransferredUser {
  readonly id: string;
  readonly email: string;
  readonly username: string | null;
  readonly fullName: string | null;
  readonly status: UserStatus;
  readonly roles: readonly string[];
  readonly createdAt: Date;
  readonly passwordHash: string;
}

export interface ImportedUser extends TransferredUser {
  readonly emailKey: string;
  readonly usernameKey: string | null;
}

/** Which of the unique fields of a user in the file belong to an existing user. */
export interface Conflict {
  /** The id in the file, not the id of the existing user. */
  readonly id: string;
  readonly hasId: boolean;
  readonly hasEmail: boolean;
  readonly hasUsername: boolean;
}

/** The users of a batch are one JSON parameter, because SQL arrays cannot hold the lists of roles. */
const GIVEN = `given AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS g (
    id uuid, email text, "emailKey" text, username text, "usernameKey" text, "fullName" text, "passwordHash" text,
    status text, roles text[], "createdAt" timestamptz))`;
const CONFLICTS = `
  id, EXISTS (SELECT FROM users u WHERE u.id = given.id) AS "hasId",
  EXISTS (SELECT FROM users u WHERE u.email_key = given."emailKey") AS "hasEmail",
  EXISTS (SELECT FROM users u WHERE u.username_key = given."usernameKey") AS "hasUsername"`;

/**
 * Raw: each statement inserts or compares thousands of users.
 * The statements of import and export. Each takes part in the caller's transaction.
 */
@Injectable()
export class UserTransferRepository {
  /**
   * Adds the users whose id, e-mail address and user name are free, with their roles.
   * @returns the conflicts of the others; all false if a concurrent transaction added the other user
   * @throws the database's foreign key violation if a role was deleted
   */
  async insertMissing(
    manager: EntityManager,
    users: readonly ImportedUser[],
    now: Date,
  ): Promise<Conflict[]> {
    return manager.query(
      `WITH ${GIVEN}, added AS (
         INSERT INTO users (id, email, email_key, username, username_key, full_name, password_hash, status, created_at,
                            updated_at)
         SELECT id, email, "emailKey", username, "usernameKey", "fullName", "passwordHash", status, "createdAt", $2
           FROM given ON CONFLICT DO NOTHING RETURNING id),
       granted AS (
         INSERT INTO user_roles (user_id, role)
         SELECT id, role FROM added JOIN given USING (id), unnest(given.roles) AS role)
       SELECT ${CONFLICTS} FROM given WHERE id NOT IN (SELECT id FROM added)`,
      [JSON.stringify(users), now],
    );
  }

  /** The conflicts that {@link insertMissing} would return. */
  async findConflicts(manager: EntityManager, users: readonly ImportedUser[]): Promise<Conflict[]> {
    return manager.query(
      `WITH ${GIVEN}, compared AS (SELECT ${CONFLICTS} FROM given)
       SELECT * FROM compared WHERE "hasId" OR "hasEmail" OR "hasUsername"`,
      [JSON.stringify(users)],
    );
  }

  /** One page of users in the order of their ids. */
  async exportPage(manager: EntityManager, after: string | null, limit: number): Promise<TransferredUser[]> {
    return manager.query(
      `SELECT id, email, username, full_name AS "fullName", status, created_at AS "createdAt",
              password_hash AS "passwordHash",
              ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS roles
         FROM users u WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
      [after, limit],
    );
  }
}
