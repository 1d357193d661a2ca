import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The grants that a client may have, by their names in RFC 6749. */
export const CLIENT_GRANTS = ['client_credentials'] as const;
export type ClientGrant = (typeof CLIENT_GRANTS)[number];

/** A confidential OAuth client: a service with scopes of its own. Only its secrets change. */
@Entity('clients')
@Check('ck_clients_grants', `grants <@ ARRAY['client_credentials']`)
export class Client {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_clients' })
  id!: string;

  @Column('text')
  name!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('text', { array: true })
  grants!: ClientGrant[];

  /** The applications whose tokens it introspects, by their identifiers; null for the default application. */
  @Column('text', { array: true, nullable: true })
  resources!: string[] | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;
}

/** A secret of a client. The newest has no end; during a rotation the one before it is valid until `expires_at`. */
@Entity('client_secrets')
@Check('ck_client_secrets_hash', 'octet_length(hash) = 32')
@Index('uq_client_secrets_current', ['clientId'], { unique: true, where: 'expires_at IS NULL' })
export class ClientSecret {
  @PrimaryColumn('uuid', { name: 'client_id', primaryKeyConstraintName: 'pk_client_secrets' })
  @ForeignKey(() => Client, { name: 'fk_client_secrets_client', onDelete: 'CASCADE' })
  clientId!: string;

  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'pk_client_secrets' })
  hash!: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt!: Date | null;
}
