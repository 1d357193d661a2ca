import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { UserStatus } from '../users/user.entity.js';

/** A user as an import brings it and an export takes it. */
export interface MovedUser {
  readonly id: string;
  readonly email: string;
  readonly username: string | null;
  readonly fullName: string | null;
  readonly status: UserStatus;
  readonly roles: readonly string[];
  readonly createdAt: Date;
  readonly passwordHash: string;
}

export interface ImportedUser extends MovedUser {
  readonly emailKey: string;
  readonly usernameKey: string | null;
}

/** Which of a user's names somebody has already. */
export interface TakenNames {
  /** The id in the file, not that of the one who has them. */
  readonly id: string;
  readonly hasId: boolean;
  readonly hasEmail: boolean;
  readonly hasUsername: boolean;
}

/** Many users in one parameter: arrays of arrays, as of roles, have no other form. */
const GIVEN = `given AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS g (
    id uuid, email text, "emailKey" text, username text, "usernameKey" text, "fullName" text, "passwordHash" text,
    status text, roles text[], "createdAt" timestamptz))`;
const TAKEN = `
  id, EXISTS (SELECT FROM users u WHERE u.id = given.id) AS "hasId",
  EXISTS (SELECT FROM users u WHERE u.email_key = given."emailKey") AS "hasEmail",
  EXISTS (SELECT FROM users u WHERE u.username_key = given."usernameKey") AS "hasUsername"`;

/**
 * Raw: thousands of users in one parameter, and what was taken in the same statement.
 * The statements that take many users in or out at once; each takes part in the caller's transaction.
 */
@Injectable()
export class MovedUsersRepository {
  /**
   * Adds those whose names nobody has, with their roles, and leaves the others alone.
   * @returns of those that were not added what was taken before; nothing where somebody else was first just now
   * @throws the database's foreign key violation where a role is gone
   */
  async insertMissing(
    manager: EntityManager,
    users: readonly ImportedUser[],
    now: Date,
  ): Promise<TakenNames[]> {
    return manager.query(
      `WITH ${GIVEN}, added AS (
         INSERT INTO users (id, email, email_key, username, username_key, full_name, password_hash, status, created_at,
                            updated_at)
         SELECT id, email, "emailKey", username, "usernameKey", "fullName", "passwordHash", status, "createdAt", $2
           FROM given ON CONFLICT DO NOTHING RETURNING id),
       granted AS (
         INSERT INTO user_roles (user_id, role)
         SELECT id, role FROM added JOIN given USING (id), unnest(given.roles) AS role)
       SELECT ${TAKEN} FROM given WHERE id NOT IN (SELECT id FROM added)`,
      [JSON.stringify(users), now],
    );
  }

  /** What {@link insertMissing} would answer. */
  async findTaken(manager: EntityManager, users: readonly ImportedUser[]): Promise<TakenNames[]> {
    return manager.query(
      `WITH ${GIVEN}, names AS (SELECT ${TAKEN} FROM given)
       SELECT * FROM names WHERE "hasId" OR "hasEmail" OR "hasUsername"`,
      [JSON.stringify(users)],
    );
  }

  /** One page of everything that is kept of users, in the order of their ids. */
  async exportPage(manager: EntityManager, after: string | null, limit: number): Promise<MovedUser[]> {
    return manager.query(
      `SELECT id, email, username, full_name AS "fullName", status, created_at AS "createdAt",
              password_hash AS "passwordHash",
              ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS roles
         FROM users u WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
      [after, limit],
    );
  }
}
