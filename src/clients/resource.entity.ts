import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** An audience that an administrator registered, such as an API. Audiences of the settings have no row. */
@Entity('resources')
@Unique('uq_resources_identifier', ['identifier'])
export class Resource {
  /** A name of the administrator's choice. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_resources' })
  id!: string;

  /** The `aud` of its tokens, without a lone trailing slash. */
  @Column('text')
  identifier!: string;

  @Column('text')
  name!: string;

  /** The scopes that its tokens may carry; none for every application scope. */
  @Column('text', { array: true })
  scopes!: string[];

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;
}
