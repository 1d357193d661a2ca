import { Check, Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { RevocationKind } from '@latchkey/token-rules';

/**
 * One row kills every token of its subject issued before it, until the last of those tokens has expired. The table has
 * one more column, `transaction_id` of PostgreSQL's type xid8, which TypeORM does not know: statements of the repository
 * order the feed by it.
 */
@Entity('revocations')
@Check('ck_revocations_kind', `kind IN ('session', 'user', 'client', 'key', 'all')`)
@Check('ck_revocations_soft', `NOT soft OR (kind = 'user' AND min_version IS NOT NULL)`)
@Unique('uq_revocations_id', ['id'])
@Index('ix_revocations_position', { synchronize: false })
export class Revocation {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'pk_revocations',
  })
  seq!: string;

  @Column('uuid')
  id!: string;

  @Column('text')
  kind!: RevocationKind;

  /** The id of the session, user or client, the key's `kid`, or `*`. */
  @Column('text')
  subject!: string;

  /** Tokens issued before this are dead. */
  @Column({ type: 'timestamptz', precision: 3 })
  cutoff!: Date;

  /**
   * For a user: tokens whose `ver` is lower are dead. Exact where clocks differ, which `cutoff` is not.
   */
  @Column('integer', { name: 'min_version', nullable: true })
  minVersion!: number | null;

  /** The tokens are stale, not dead: a refresh brings new ones. */
  @Column('boolean', { default: false })
  soft!: boolean;

  @Column('text')
  reason!: string;

  /** Who revoked: the id of a user or client, `command-line`, or null for the service itself. */
  @Column('text', { nullable: true })
  actor!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  /** From here on every token the row is about has expired, and the row may go. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  @Index('ix_revocations_expires_at')
  expiresAt!: Date;
}
