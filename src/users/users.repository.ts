import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { UserStatus } from './user.entity.js';
import type { UserRecord, StoredCredentials, NewUser, ProfileChange, Page } from './user-records.js';

const RECORD = `
  u.id, u.email, u.username, u.full_name AS "fullName", u.status,
  u.permission_version AS "permissionVersion", u.created_at AS "createdAt", u.updated_at AS "updatedAt",
  ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS roles,
  ARRAY(SELECT DISTINCT unnest(r.scopes) FROM user_roles ur JOIN roles r ON r.name = ur.role
         WHERE ur.user_id = u.id ORDER BY 1) AS scopes`;

/** The statements on `users` and `user_roles`, but for those of moving in and out. Each method is one statement and takes part in the caller's transaction. */
@Injectable()
export class UsersRepository {
  /** @throws the database's unique violation on `uq_users_email_key` or `uq_users_username_key` */
  async insert(manager: EntityManager, user: NewUser): Promise<void> {
    await manager.query(
      `WITH account AS (
         INSERT INTO users (id, email, email_key, username, username_key, full_name, password_hash, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id)
       INSERT INTO user_roles (user_id, role) SELECT account.id, role FROM account, unnest($9::text[]) AS role`,
      [
        user.id,
        user.email,
        user.emailKey,
        user.username,
        user.usernameKey,
        user.fullName,
        user.passwordHash,
        user.now,
        user.roles,
      ],
    );
  }

  async findById(manager: EntityManager, id: string): Promise<UserRecord | undefined> {
    const [user] = await this.findByIds(manager, [id]);
    return user;
  }

  /** Those of some users that there are, in no order. */
  async findByIds(manager: EntityManager, ids: readonly string[]): Promise<UserRecord[]> {
    return manager.query(`SELECT ${RECORD} FROM users u WHERE u.id = ANY($1)`, [ids]);
  }

  async findCredentials(
    manager: EntityManager,
    by: { readonly emailKey: string } | { readonly usernameKey: string } | { readonly id: string },
  ): Promise<StoredCredentials | undefined> {
    const [column, value] =
      'emailKey' in by
        ? ['email_key', by.emailKey]
        : 'usernameKey' in by
          ? ['username_key', by.usernameKey]
          : ['id', by.id];
    const rows: StoredCredentials[] = await manager.query(
      `SELECT id, password_hash AS "passwordHash", status FROM users WHERE ${column} = $1`,
      [value],
    );
    return rows[0];
  }

  async list(manager: EntityManager, { limit, offset, after, emailPrefix }: Page): Promise<UserRecord[]> {
    const values: unknown[] = [limit, offset];
    const where: string[] = [];
    const order = emailPrefix === undefined ? 'id' : 'email_key';
    if (emailPrefix !== undefined) where.push(`email_key LIKE $${values.push(`${literal(emailPrefix)}%`)}`);
    if (after !== undefined) {
      const last = values.push(after);
      // By the key of somebody who was deleted meanwhile nothing is found; the service tells that from the end.
      where.push(
        order === 'id' ? `id > $${last}` : `email_key > (SELECT email_key FROM users WHERE id = $${last})`,
      );
    }
    const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
    // Roles and scopes are looked up for the rows of the page alone, not for those an offset skips.
    return manager.query(
      `SELECT ${RECORD} FROM (SELECT id FROM users ${condition} ORDER BY ${order} LIMIT $1 OFFSET $2) page
         JOIN users u ON u.id = page.id ORDER BY u.${order}`,
      values,
    );
  }

  /** How many users there are, or whose e-mail address begins so. Takes time in proportion to what it counts. */
  async count(manager: EntityManager, emailPrefix = ''): Promise<number> {
    const rows: Array<{ count: number }> = await manager.query(
      `SELECT count(*)::int AS count FROM users ${emailPrefix === '' ? '' : 'WHERE email_key LIKE $1'}`,
      emailPrefix === '' ? [] : [`${literal(emailPrefix)}%`],
    );
    return rows[0]?.count ?? 0;
  }

  /** Whether any user holds the role. */
  async holdsRole(manager: EntityManager, role: string): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT 1 FROM user_roles WHERE role = $1 LIMIT 1', [role]);
    return rows.length > 0;
  }

  /**
   * Whether a user is the only active administrator. Holds the role's row until the transaction ends, so that two
   * administrators who leave at the same moment are told apart.
   */
  async isLastAdministrator(manager: EntityManager, id: string): Promise<boolean> {
    await manager.query(`SELECT 1 FROM roles WHERE name = 'admin' FOR UPDATE`);
    const rows: Array<{ id: string }> = await manager.query(
      `SELECT u.id FROM user_roles ur JOIN users u ON u.id = ur.user_id
        WHERE ur.role = 'admin' AND u.status = 'active' ORDER BY (u.id = $1) LIMIT 2`,
      [id],
    );
    return rows.length === 1 && rows[0]?.id === id;
  }

  /** @returns whether the user exists; @throws the database's unique violation */
  async updateProfile(
    manager: EntityManager,
    id: string,
    change: ProfileChange,
    now: Date,
  ): Promise<boolean> {
    const sets = ['updated_at = $2'];
    const values: unknown[] = [id, now];
    const set = (column: string, value: unknown) => sets.push(`${column} = $${values.push(value)}`);
    if (change.fullName !== undefined) set('full_name', change.fullName);
    if (change.email !== undefined) {
      set('email', change.email.value);
      set('email_key', change.email.key);
    }
    if (change.username !== undefined) {
      set('username', change.username?.value ?? null);
      set('username_key', change.username?.key ?? null);
    }
    return changed(await manager.query(`UPDATE users SET ${sets.join(', ')} WHERE id = $1`, values));
  }

  /** Replaces a hash only where it is still the one that was checked: a password changed meanwhile stays changed. */
  async replacePasswordHash(
    manager: EntityManager,
    id: string,
    change: { readonly from: string; readonly to: string },
  ): Promise<boolean> {
    return changed(
      await manager.query('UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [
        id,
        change.from,
        change.to,
      ]),
    );
  }

  /** Replaces a hash whatever it is, of a user whose row the caller holds. */
  async setPasswordHash(manager: EntityManager, id: string, hash: string): Promise<void> {
    await manager.query('UPDATE users SET password_hash = $2 WHERE id = $1', [id, hash]);
  }

  /** Locks the user's row against changes until the transaction ends; undefined where there is no such user. */
  async lockForSession(
    manager: EntityManager,
    id: string,
  ): Promise<Omit<StoredCredentials, 'id'> | undefined> {
    const rows: Array<Omit<StoredCredentials, 'id'>> = await manager.query(
      `SELECT status, password_hash AS "passwordHash" FROM users WHERE id = $1 FOR SHARE`,
      [id],
    );
    return rows[0];
  }

  /**
   * Holds the user's row until the transaction ends: roles, their scopes and the status stay as they are, because
   * whatever changes one of them raises the permission version in that row.
   * @returns the id as it is stored; undefined where there is no such user
   */
  async lock(manager: EntityManager, id: string): Promise<string | undefined> {
    const rows: Array<{ id: string }> = await manager.query('SELECT id FROM users WHERE id = $1 FOR UPDATE', [
      id,
    ]);
    return rows[0]?.id;
  }

  /** Makes these the roles of a user, whose row the caller holds. */
  async replaceRoles(manager: EntityManager, id: string, roles: readonly string[]): Promise<void> {
    await manager.query(
      `WITH taken AS (DELETE FROM user_roles WHERE user_id = $1 AND role <> ALL ($2::text[]))
       INSERT INTO user_roles (user_id, role) SELECT $1, role FROM unnest($2::text[]) AS role ON CONFLICT DO NOTHING`,
      [id, roles],
    );
  }

  /** Raises the permission version of everyone who holds a role; answers the new ones by user id. */
  async raiseVersionsOfHolders(
    manager: EntityManager,
    role: string,
    now: Date,
  ): Promise<ReadonlyMap<string, number>> {
    // In one order, so that two roles that change at once do not wait for each other's holders.
    const [rows]: [Array<{ id: string; version: number }>, number] = await manager.query(
      `WITH holders AS (
         SELECT id FROM users WHERE id IN (SELECT user_id FROM user_roles WHERE role = $1) ORDER BY id FOR UPDATE)
       UPDATE users u SET permission_version = permission_version + 1, updated_at = $2
         FROM holders WHERE u.id = holders.id RETURNING u.id, u.permission_version AS version`,
      [role, now],
    );
    return new Map(rows.map(({ id, version }) => [id, version]));
  }

  /** Raises the permission version and returns the new one; undefined where there is no such user. */
  async raisePermissionVersion(
    manager: EntityManager,
    id: string,
    change: { readonly status?: UserStatus; readonly now: Date },
  ): Promise<number | undefined> {
    const [rows]: [Array<{ version: number }>, number] = await manager.query(
      `UPDATE users SET permission_version = permission_version + 1, status = coalesce($2, status), updated_at = $3
        WHERE id = $1 RETURNING permission_version AS version`,
      [id, change.status ?? null, change.now],
    );
    return rows[0]?.version;
  }

  async delete(manager: EntityManager, id: string): Promise<boolean> {
    return changed(await manager.query('DELETE FROM users WHERE id = $1', [id]));
  }
}

/** A text for LIKE that stands for itself. */
function literal(value: string): string {
  return value.replace(/[\\%_]/g, String.raw`\$&`);
}

/** TypeORM answers an UPDATE or DELETE with its rows and how many it touched. */
function changed([, count]: [unknown, number]): boolean {
  return count > 0;
}
