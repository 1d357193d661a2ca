import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * An event of the audit log. The table is partitioned by month. It has one more column, `transaction_id` of PostgreSQL's
 * type xid8, which TypeORM does not know: the order of the log, see audit-events.repository.ts.
 */
@Entity('audit_events')
@Check('ck_audit_events_created_at', 'isfinite(created_at)')
@Index('ix_audit_events_position', { synchronize: false })
@Index('ix_audit_events_actor', ['actor', 'id'])
@Index('ix_audit_events_subject', ['subject', 'id'])
@Index('ix_audit_events_action', ['action', 'id'])
export class AuditEventRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_audit_events' })
  id!: string;

  @PrimaryColumn({
    type: 'timestamptz',
    name: 'created_at',
    precision: 3,
    primaryKeyConstraintName: 'pk_audit_events',
  })
  createdAt!: Date;

  @Column('text')
  action!: string;

  @Column('text', { nullable: true })
  actor!: string | null;

  @Column('text', { name: 'subject_kind' })
  subjectKind!: string;

  @Column('text')
  subject!: string;

  @Column('text', { name: 'session_id', nullable: true })
  sessionId!: string | null;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column('text', { name: 'request_id', nullable: true })
  requestId!: string | null;

  @Column('jsonb', { nullable: true })
  details!: Record<string, unknown> | null;

  @Column('bytea', { select: false })
  signature!: Buffer;

  /** The id of the key of the signature. */
  @Column('text', { name: 'signed_by', select: false })
  signedBy!: string;

  @Column('integer', { select: false })
  era!: number;
}
