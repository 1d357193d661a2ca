import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Algorithm } from '../platform/config/config.js';

/** Where the private half is: encrypted in the row, in `SECRET_KEY`, or in `JWT_PRIVATE_KEY`. */
export type KeySource = 'ring' | 'secret' | 'pinned';

/** A key that will sign, signs or has signed. Its times determine its state, see key-rotation.policy.ts. */
@Entity('signing_keys')
@Check('ck_signing_keys_source', `source IN ('ring', 'secret', 'pinned')`)
@Check(
  'ck_signing_keys_material',
  `(source = 'ring') = (private_key IS NOT NULL)
   AND (source = 'secret') = (public_key IS NULL)
   AND (private_key IS NULL) = (wrapped_by IS NULL)`,
)
@Check('ck_signing_keys_retired', '(active_until IS NULL) = (verify_until IS NULL)')
@Check('ck_signing_keys_times', 'verify_until >= active_until')
export class SigningKeyRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_signing_keys' })
  kid!: string;

  @Column('text')
  algorithm!: Algorithm;

  @Column('text')
  source!: KeySource;

  /** PEM; null for a secret. */
  @Column('text', { name: 'public_key', nullable: true })
  publicKey!: string | null;

  /** Encrypted, see key-wrapping.ts; null if the settings hold the private half. */
  @Column('bytea', { name: 'private_key', nullable: true })
  privateKey!: Buffer | null;

  /** The id of the secret that encrypts the private key. */
  @Column('text', { name: 'wrapped_by', nullable: true })
  wrappedBy!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'active_from', precision: 3 })
  activeFrom!: Date;

  @Column({ type: 'timestamptz', name: 'active_until', precision: 3, nullable: true })
  activeUntil!: Date | null;

  @Column({ type: 'timestamptz', name: 'verify_until', precision: 3, nullable: true })
  verifyUntil!: Date | null;

  @Column({ type: 'timestamptz', name: 'compromised_at', precision: 3, nullable: true })
  compromisedAt!: Date | null;

  /** Authenticates the other columns under the root secret; null in rows of versions that had none. */
  @Column('bytea', { nullable: true })
  mac!: Buffer | null;
}
