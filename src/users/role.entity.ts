import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { User } from './user.entity.js';

/** A name for a set of scopes. */
@Entity('roles')
export class Role {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_roles' })
  name!: string;

  @Column('text', { array: true })
  scopes!: string[];
}

/** A role that a user holds. */
@Entity('user_roles')
export class UserRole {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'pk_user_roles' })
  @ForeignKey(() => User, { name: 'fk_user_roles_user', onDelete: 'CASCADE' })
  userId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_user_roles' })
  @ForeignKey(() => Role, { name: 'fk_user_roles_role' })
  @Index('ix_user_roles_role')
  role!: string;
}
