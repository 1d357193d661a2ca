import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

export type UserStatus = 'active' | 'disabled';

/** A person's account. Roles are in `user_roles`, sessions in their own room. */
@Entity('users')
@Check('ck_users_status', `status IN ('active', 'disabled')`)
@Check('ck_users_username', '(username IS NULL) = (username_key IS NULL)')
@Unique('uq_users_email_key', ['emailKey'])
@Unique('uq_users_username_key', ['usernameKey'])
@Index('ix_users_without_skeleton', ['id'], { where: 'username IS NOT NULL AND username_skeleton IS NULL' })
export class User {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_users' })
  id!: string;

  /** As the user wrote it, after NFKC. */
  @Column('text')
  email!: string;

  /** The unique form of the address, see identity.ts. Ordered by its bytes, so that its index finds prefixes. */
  @Column({ type: 'text', name: 'email_key', collation: 'C' })
  emailKey!: string;

  /** Whether the user has proved that the address is theirs. A change of the address resets it. */
  @Column('boolean', { name: 'email_verified', default: false })
  emailVerified!: boolean;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'username_key', nullable: true })
  usernameKey!: string | null;

  /**
   * One for user names that look alike, see username-skeleton.ts. Null until it is computed; a space and the id for an
   * account whose name looks like that of an older account.
   */
  @Column('text', { name: 'username_skeleton', nullable: true })
  @Index('uq_users_username_skeleton', { unique: true, where: 'username_skeleton IS NOT NULL' })
  usernameSkeleton!: string | null;

  @Column('text', { name: 'full_name', nullable: true })
  fullName!: string | null;

  /** Null for a user without a password. Read only by statements that select it by name. */
  @Column('text', { name: 'password_hash', select: false, nullable: true })
  passwordHash!: string | null;

  /** For imported users: the format, and the id of the user in the other system. */
  @Column('text', { nullable: true, select: false })
  @Index('uq_users_origin', { unique: true, where: 'origin IS NOT NULL' })
  origin!: string | null;

  /** Whether the user must change the password before anything else, because another person knows it. */
  @Column('boolean', { name: 'password_change_required', default: false })
  passwordChangeRequired!: boolean;

  @Column('text', { default: 'active' })
  status!: UserStatus;

  /** Rises with every change of the user's permissions; access tokens carry it as `ver`. */
  @Column('integer', { name: 'permission_version', default: 1 })
  permissionVersion!: number;

  /** Rises where the user's device cookies become void; each cookie carries it. */
  @Column('integer', { name: 'device_version', default: 1 })
  deviceVersion!: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;
}
