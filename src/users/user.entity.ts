import { Column, Entity, PrimaryColumn } from 'typeorm';

export type UserStatus = 'active' | 'disabled';

/** A person's account. Roles live in `user_roles`, sessions in their own room. */
@Entity('users')
export class User {
  @PrimaryColumn('uuid')
  id!: string;

  /** As the person wrote it, after NFKC. */
  @Column('text')
  email!: string;

  /** What makes the address unique: NFKC and lower case. */
  @Column('text', { name: 'email_key' })
  emailKey!: string;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'username_key', nullable: true })
  usernameKey!: string | null;

  @Column('text', { name: 'full_name', nullable: true })
  fullName!: string | null;

  @Column('text', { name: 'password_hash', select: false })
  passwordHash!: string;

  @Column('text')
  status!: UserStatus;

  /** Rises with every change of what the user may do; access tokens carry it as `ver`. */
  @Column('integer', { name: 'permission_version' })
  permissionVersion!: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;
}
