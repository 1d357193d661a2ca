import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A lifetime of access tokens that instances issue, or issued lately. */
@Entity('access_lifetimes')
@Check('ck_access_lifetimes_seconds', 'seconds > 0')
export class AccessLifetime {
  /** How long a token is accepted after its issue, leeway included. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'pk_access_lifetimes' })
  seconds!: number;

  /** No instance issues a token of this lifetime after this time. Running instances move it forward. */
  @Column({ type: 'timestamptz', name: 'issued_until', precision: 3 })
  issuedUntil!: Date;
}
