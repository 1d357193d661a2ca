import { Injectable } from '@nestjs/common';
import { IsNull, Like, Not, type EntityManager, type UpdateResult } from 'typeorm';
import { Role, UserRole } from './role.entity.js';
import { User } from './user.entity.js';
import type { NameKeys } from './identity.js';
import type {
  BareUsername,
  HashChange,
  VersionChange,
  UserRecord,
  StoredCredentials,
  NewUser,
  ProfileChange,
  Page,
} from './user-records.js';

const RECORD = `
  u.id, u.email, u.email_verified AS "emailVerified", u.username, u.full_name AS "fullName", u.status,
  u.password_change_required AS "passwordChangeRequired",
  u.permission_version AS "permissionVersion", u.created_at AS "createdAt", u.updated_at AS "updatedAt",
  ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS roles,
  ARRAY(SELECT DISTINCT unnest(r.scopes) FROM user_roles ur JOIN roles r ON r.name = ur.role
         WHERE ur.user_id = u.id ORDER BY 1) AS scopes`;

/**
 * The statements on `users` and `user_roles`, except those of imports and exports. Each method takes part in the
 * caller's transaction.
 */
@Injectable()
export class UsersRepository {
  /** @throws the database's unique violation on `uq_users_email_key`, `uq_users_username_key` or `uq_users_username_skeleton` */
  async insert(manager: EntityManager, { roles, now, ...user }: NewUser): Promise<void> {
    await manager.insert(User, { ...user, createdAt: now, updatedAt: now });
    await manager.insert(
      UserRole,
      roles.map((role) => ({ userId: user.id, role })),
    );
  }

  async findById(manager: EntityManager, id: string): Promise<UserRecord | undefined> {
    const [user] = await this.findByIds(manager, [id]);
    return user;
  }

  /** The users of these ids that exist, in no order. */
  async findByIds(manager: EntityManager, ids: readonly string[]): Promise<UserRecord[]> {
    // Raw: every request for a profile; roles and scopes come in the same round trip.
    return manager.query(`SELECT ${RECORD} FROM users u WHERE u.id = ANY($1)`, [ids]);
  }

  async findCredentials(
    manager: EntityManager,
    by: NameKeys | { readonly id: string },
  ): Promise<StoredCredentials | undefined> {
    const [column, ...values] =
      'emailKeys' in by
        ? (['email_key', ...by.emailKeys] as const)
        : 'usernameKey' in by
          ? (['username_key', by.usernameKey] as const)
          : (['id', by.id] as const);
    // Raw: every login; TypeORM would hide the hash and build an entity.
    const rows: Array<StoredCredentials & { key: string }> = await manager.query(
      `SELECT ${column}::text AS key, id, password_hash AS "passwordHash", status, device_version AS "deviceVersion"
         FROM users WHERE ${column} = ${values.length === 1 ? '$1' : 'ANY ($1)'}`,
      [values.length === 1 ? values[0] : values],
    );
    const found = rows.find(({ key }) => key === values[0]) ?? rows[0];
    if (!found) return undefined;
    const { key: _, ...stored } = found;
    return stored;
  }

  /** Users with a user name that has no skeleton yet, in the order of their ids. */
  async findWithoutSkeleton(manager: EntityManager, limit: number): Promise<BareUsername[]> {
    const bare = { username: Not(IsNull()), usernameSkeleton: IsNull() };
    const order = { id: 'ASC' } as const;
    const users = await manager.find(User, {
      select: { id: true, username: true },
      where: bare,
      order,
      take: limit,
    });
    return users as BareUsername[];
  }

  /** Gives users their skeletons. A user whose skeleton an older one has gets a unique text in its place. */
  async setSkeletons(
    manager: EntityManager,
    users: ReadonlyArray<BareUsername & { readonly skeleton: string }>,
  ): Promise<void> {
    // Raw: ranks rows of the same skeleton and compares them with the table in one statement.
    await manager.query(
      `WITH given AS (
         SELECT *, row_number() OVER (PARTITION BY skeleton ORDER BY id) AS rank
           FROM unnest($1::uuid[], $2::text[], $3::text[]) AS g (id, username, skeleton))
       UPDATE users u
          SET username_skeleton = CASE
                WHEN g.rank > 1 OR EXISTS (SELECT FROM users o WHERE o.username_skeleton = g.skeleton)
                THEN ' ' || u.id ELSE g.skeleton END
         FROM given g WHERE u.id = g.id AND u.username = g.username AND u.username_skeleton IS NULL`,
      [
        users.map(({ id }) => id),
        users.map(({ username }) => username),
        users.map(({ skeleton }) => skeleton),
      ],
    );
  }

  async list(manager: EntityManager, { limit, offset, after, emailPrefix }: Page): Promise<UserRecord[]> {
    const values: unknown[] = [limit, offset];
    const where: string[] = [];
    const order = emailPrefix === undefined ? 'id' : 'email_key';
    if (emailPrefix !== undefined) where.push(`email_key LIKE $${values.push(`${literal(emailPrefix)}%`)}`);
    if (after !== undefined) {
      const last = values.push(after);
      // For a deleted user the subquery is empty; the service distinguishes this from the end of the list.
      where.push(
        order === 'id' ? `id > $${last}` : `email_key > (SELECT email_key FROM users WHERE id = $${last})`,
      );
    }
    const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
    // Raw: the page is cut before roles and scopes are joined.
    // Roles and scopes are looked up for the rows of the page alone, not for those an offset skips.
    return manager.query(
      `SELECT ${RECORD} FROM (SELECT id FROM users ${condition} ORDER BY ${order} LIMIT $1 OFFSET $2) page
         JOIN users u ON u.id = page.id ORDER BY u.${order}`,
      values,
    );
  }

  /** The number of users whose e-mail address begins with a text. Takes time in proportion to it. */
  async count(manager: EntityManager, emailPrefix = ''): Promise<number> {
    if (emailPrefix === '') return manager.count(User);
    return manager.countBy(User, { emailKey: Like(`${literal(emailPrefix)}%`) });
  }

  async exists(manager: EntityManager, id: string): Promise<boolean> {
    return manager.existsBy(User, { id });
  }

  /** Whether any user holds the role. */
  async holdsRole(manager: EntityManager, role: string): Promise<boolean> {
    return manager.existsBy(UserRole, { role });
  }

  /**
   * Whether a user is the only active administrator. Locks the role until the transaction ends, so that of two
   * administrators who leave at the same moment one stays.
   */
  async isLastAdministrator(manager: EntityManager, id: string): Promise<boolean> {
    await manager.findOne(Role, { where: { name: 'admin' }, lock: { mode: 'pessimistic_write' } });
    // Raw: two rows at most of a join, the user in question last.
    const rows: Array<{ id: string }> = await manager.query(
      `SELECT u.id FROM user_roles ur JOIN users u ON u.id = ur.user_id
        WHERE ur.role = 'admin' AND u.status = 'active' ORDER BY (u.id = $1) LIMIT 2`,
      [id],
    );
    return rows.length === 1 && rows[0]?.id === id;
  }

  /** @throws the database's unique violation */
  async updateProfile(manager: EntityManager, id: string, change: ProfileChange, now: Date): Promise<void> {
    await manager.update(User, { id }, { ...change, updatedAt: now });
  }

  /** Replaces a hash only if it is still the one that was checked, so that a password changed meanwhile stays. */
  async replacePasswordHash(
    manager: EntityManager,
    id: string,
    { from, to, chosen }: HashChange,
  ): Promise<boolean> {
    const choice = { passwordChangeRequired: false, deviceVersion: () => 'device_version + 1' };
    const change = { passwordHash: to, ...(chosen && choice) };
    return isChanged(await manager.update(User, { id, passwordHash: from }, change));
  }

  /** Replaces the hash of a user whom the caller has locked, and who must then change the password. */
  async setPasswordHash(manager: EntityManager, id: string, hash: string): Promise<void> {
    await manager.update(User, { id }, { passwordHash: hash, passwordChangeRequired: true });
  }

  /**
   * Locks the user's row until the transaction ends: against changes, and so that logins of one user follow each other.
   * @returns undefined for an unknown id
   */
  async lockForSession(
    manager: EntityManager,
    id: string,
  ): Promise<Pick<StoredCredentials, 'passwordHash' | 'status'> | undefined> {
    // Raw: every login.
    const rows: Array<Pick<StoredCredentials, 'passwordHash' | 'status'>> = await manager.query(
      `SELECT status, password_hash AS "passwordHash" FROM users WHERE id = $1 FOR NO KEY UPDATE`,
      [id],
    );
    return rows[0];
  }

  /**
   * Locks the user's row until the transaction ends: roles, their scopes and the status stay as they are, because every
   * change of them raises the permission version in that row.
   * @returns the id as it is stored; undefined for an unknown one
   */
  async lock(manager: EntityManager, id: string): Promise<string | undefined> {
    const lock = { mode: 'pessimistic_write' } as const;
    const user = await manager.findOne(User, { select: { id: true }, where: { id }, lock });
    return user?.id;
  }

  /** Replaces the roles of a user whom the caller has locked. */
  async replaceRoles(manager: EntityManager, id: string, roles: readonly string[]): Promise<void> {
    // Raw: the difference of two sets of rows in one statement.
    await manager.query(
      `WITH taken AS (DELETE FROM user_roles WHERE user_id = $1 AND role <> ALL ($2::text[]))
       INSERT INTO user_roles (user_id, role) SELECT $1, role FROM unnest($2::text[]) AS role ON CONFLICT DO NOTHING`,
      [id, roles],
    );
  }

  /** The different sets of roles that the holders of a role have. Takes time in proportion to the holders. */
  async roleSetsOfHolders(manager: EntityManager, role: string): Promise<string[][]> {
    // Raw: an aggregate of rows that are grouped twice; there are few sets, however many holders.
    const rows: Array<{ roles: string[] }> = await manager.query(
      `SELECT DISTINCT array_agg(ur.role ORDER BY ur.role) AS roles FROM user_roles ur
        WHERE ur.user_id IN (SELECT user_id FROM user_roles WHERE role = $1) GROUP BY ur.user_id`,
      [role],
    );
    return rows.map(({ roles }) => roles);
  }

  /** Raises the permission version of every holder of a role. @returns the new versions by user id */
  async raiseVersionsOfHolders(
    manager: EntityManager,
    role: string,
    now: Date,
  ): Promise<ReadonlyMap<string, number>> {
    // Raw: locks and raises any number of rows, and returns the versions.
    // Locks holders in one order, so that two changes of roles do not deadlock.
    const [rows]: [Array<{ id: string; version: number }>, number] = await manager.query(
      `WITH holders AS (
         SELECT id FROM users WHERE id IN (SELECT user_id FROM user_roles WHERE role = $1) ORDER BY id FOR UPDATE)
       UPDATE users u SET permission_version = permission_version + 1, updated_at = $2
         FROM holders WHERE u.id = holders.id RETURNING u.id, u.permission_version AS version`,
      [role, now],
    );
    return new Map(rows.map(({ id, version }) => [id, version]));
  }

  /** Raises the permission version and returns the new one; undefined for an unknown id. */
  async raisePermissionVersion(
    manager: EntityManager,
    id: string,
    change: VersionChange,
  ): Promise<number | undefined> {
    // Raw: an increment that returns its result.
    const [rows]: [Array<{ version: number }>, number] = await manager.query(
      `UPDATE users SET permission_version = permission_version + 1, status = coalesce($2, status), updated_at = $3,
              device_version = device_version + $4
        WHERE id = $1 RETURNING permission_version AS version`,
      [id, change.status ?? null, change.now, change.voidsDevices ? 1 : 0],
    );
    return rows[0]?.version;
  }

  /** Deletes a user with their roles and sessions. */
  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.delete(User, { id });
  }
}

/** Escapes a text for LIKE. */
function literal(value: string): string {
  return value.replace(/[\\%_]/g, String.raw`\$&`);
}

function isChanged({ affected }: UpdateResult): boolean {
  return (affected ?? 0) > 0;
}
