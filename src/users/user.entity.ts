import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

export type UserStatus = 'active' | 'disabled';

/** A person's account. Roles are in `user_roles`, sessions in their own room. */
@Entity('users')
@Check('ck_users_status', `status IN ('active', 'disabled')`)
@Check('ck_users_username', '(username IS NULL) = (username_key IS NULL)')
@Unique('uq_users_email_key', ['emailKey'])
@Unique('uq_users_username_key', ['usernameKey'])
export class User {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_users' })
  id!: string;

  /** As the user wrote it, after NFKC. */
  @Column('text')
  email!: string;

  /** The unique form of the address: NFKC and lower case. Ordered by its bytes, so that its index finds prefixes. */
  @Column({ type: 'text', name: 'email_key', collation: 'C' })
  emailKey!: string;

  /** Whether the user has proved that the address is theirs. A change of the address resets it. */
  @Column('boolean', { name: 'email_verified', default: false })
  emailVerified!: boolean;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'username_key', nullable: true })
  usernameKey!: string | null;

  @Column('text', { name: 'full_name', nullable: true })
  fullName!: string | null;

  /** Loaded only by queries that select it by name. */
  @Column('text', { name: 'password_hash', select: false })
  passwordHash!: string;

  @Column('text', { default: 'active' })
  status!: UserStatus;

  /** Rises with every change of the user's permissions; access tokens carry it as `ver`. */
  @Column('integer', { name: 'permission_version', default: 1 })
  permissionVersion!: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;
}
