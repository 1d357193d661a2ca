import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { FIRST_PARTY } from '../access/principal.js';
import { User } from '../users/user.entity.js';

/** One login: a single row however often its refresh token rotates. See refresh-rotation.policy.ts. */
@Entity('sessions')
@Check('ck_sessions_generation', 'generation > coalesce(parent_generation, 0)')
@Check('ck_sessions_revoked', '(revoked_at IS NULL) = (revoked_reason IS NULL)')
@Index('ix_sessions_user', ['userId', 'id'])
@Index('ix_sessions_live', ['userId', 'id'], { where: 'revoked_at IS NULL' })
@Index('ix_sessions_client', ['clientId', 'id'], { where: `client_id <> '${FIRST_PARTY}'` })
export class Session {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_sessions' })
  id!: string;

  @Column('uuid', { name: 'user_id' })
  @ForeignKey(() => User, { name: 'fk_sessions_user', onDelete: 'CASCADE' })
  userId!: string;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  /** The audience of its access tokens; null if a version without audiences opened the session. */
  @Column('text', { nullable: true })
  audience!: string | null;

  /** The scopes the login asked for, space-separated; null asks for all the user has. */
  @Column('text', { name: 'requested_scope', nullable: true })
  requestedScope!: string | null;

  /** The generation of the one live refresh token. */
  @Column('integer', { default: 1 })
  generation!: number;

  /** The generation that was presented to get the live one. */
  @Column('integer', { name: 'parent_generation', nullable: true })
  parentGeneration!: number | null;

  /**
   * When the parent was consumed, if its first successor was replaced unused; else that is `rotatedAt`, and this column
   * means nothing.
   */
  @Column({ type: 'timestamptz', name: 'parent_consumed_at', precision: 3, nullable: true })
  parentConsumedAt!: Date | null;

  /** The live refresh token's `jti`: with it the same token can be answered again. */
  @Column('uuid', { name: 'refresh_token_id' })
  refreshTokenId!: string;

  /** When the live refresh token was issued. */
  @Column({ type: 'timestamptz', name: 'rotated_at', precision: 3 })
  rotatedAt!: Date;

  /** When the live refresh token expires. */
  @Column({ type: 'timestamptz', name: 'idle_expires_at', precision: 3 })
  idleExpiresAt!: Date;

  /** When the session ends however much it is used. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  @Index('ix_sessions_expires_at')
  expiresAt!: Date;

  /** Whether it outlives the browser; a session that does not has a shorter idle limit. */
  @Column('boolean', { default: true })
  persistent!: boolean;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3 })
  lastUsedAt!: Date;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column({ type: 'timestamptz', name: 'revoked_at', precision: 3, nullable: true })
  revokedAt!: Date | null;

  @Column('text', { name: 'revoked_reason', nullable: true })
  revokedReason!: string | null;
}
