import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a client may ask tokens with, by the names of RFC 6749. A closed list. */
export const CLIENT_GRANTS = ['client_credentials'] as const;
export type ClientGrant = (typeof CLIENT_GRANTS)[number];

/** A service with a name and scopes of its own. What it is does not change; its secrets do. */
@Entity('clients')
export class Client {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('text', { array: true })
  grants!: ClientGrant[];

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;
}

/** One secret of a client. The newest has no end; at most one other is there, and ends soon. */
@Entity('client_secrets')
export class ClientSecret {
  @PrimaryColumn('uuid', { name: 'client_id' })
  clientId!: string;

  @PrimaryColumn('bytea')
  hash!: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt!: Date | null;
}
