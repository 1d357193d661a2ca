import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * A seal over a range of the audit log, or the record of dropped months or of a change of keys. The table has two more columns,
 * `from_transaction` and `to_transaction` of PostgreSQL's type xid8, which TypeORM does not know.
 */
@Entity('audit_seals')
@Check('ck_audit_seals_range', 'from_transaction <= to_transaction')
@Check('ck_audit_seals_count', 'event_count = cardinality(event_ids)')
@Check(
  'ck_audit_seals_kind',
  `(month IS NULL) = (event_count = 0)
   AND num_nonnulls(dropped_through, handover_from) = (CASE WHEN event_count = 0 THEN 1 ELSE 0 END)
   AND num_nonnulls(dropped_through, dropped_hash, dropped_before) IN (0, 3)
   AND num_nonnulls(handover_from, handover_key, handover_signature) IN (0, 3)`,
)
@Unique('uq_audit_seals_previous_hash', ['previousHash'])
@Index('ix_audit_seals_handover', ['number'], { where: 'handover_from IS NOT NULL' })
@Index('ix_audit_seals_dropped', ['number'], { where: 'dropped_through IS NOT NULL' })
export class SealRow {
  @PrimaryColumn('bigint', { primaryKeyConstraintName: 'pk_audit_seals' })
  number!: string;

  @Column('integer')
  era!: number;

  @Column('text', { nullable: true })
  month!: string | null;

  @Column('integer', { name: 'event_count' })
  eventCount!: number;

  @Column('uuid', { name: 'event_ids', array: true })
  eventIds!: string[];

  @Column('bytea', { name: 'events_hash' })
  eventsHash!: Buffer;

  @Column('bigint', { name: 'dropped_through', nullable: true })
  droppedThrough!: string | null;

  @Column('bytea', { name: 'dropped_hash', nullable: true })
  droppedHash!: Buffer | null;

  @Column('text', { name: 'dropped_before', nullable: true })
  droppedBefore!: string | null;

  @Column('text', { name: 'handover_from', nullable: true })
  handoverFrom!: string | null;

  @Column('bytea', { name: 'handover_key', nullable: true })
  handoverKey!: Buffer | null;

  @Column('bytea', { name: 'handover_signature', nullable: true })
  handoverSignature!: Buffer | null;

  @Column('bytea', { name: 'previous_hash' })
  previousHash!: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column('bytea')
  hash!: Buffer;

  @Column('bytea')
  signature!: Buffer;

  @Column('text', { name: 'signed_by' })
  signedBy!: string;
}
