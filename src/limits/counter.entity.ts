import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A counter that all instances share, in the form that rate-limiter-flexible reads and writes. */
@Entity('rate_limits')
export class RateLimitCounter {
  @PrimaryColumn('varchar', { length: 255, primaryKeyConstraintName: 'pk_rate_limits' })
  key!: string;

  /** The number of points taken. */
  @Column('integer')
  points!: number;

  /** Milliseconds since the Unix epoch; null where the counter never expires. */
  @Column('bigint', { nullable: true })
  @Index('ix_rate_limits_expire')
  expire!: string | null;
}
