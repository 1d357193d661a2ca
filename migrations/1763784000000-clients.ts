import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Clients and their secrets, of which only hashes are kept. */
export class Clients1763784000000 implements MigrationInterface {
  name = 'Clients1763784000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE clients (
        id uuid CONSTRAINT pk_clients PRIMARY KEY,
        name text NOT NULL,
        scopes text[] NOT NULL,
        grants text[] NOT NULL,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT ck_clients_grants CHECK (grants <@ ARRAY['client_credentials'])
      )`);
    await queryRunner.query(`
      CREATE TABLE client_secrets (
        client_id uuid NOT NULL CONSTRAINT fk_client_secrets_client REFERENCES clients (id) ON DELETE CASCADE,
        hash bytea NOT NULL,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3),
        CONSTRAINT pk_client_secrets PRIMARY KEY (client_id, hash),
        CONSTRAINT ck_client_secrets_hash CHECK (octet_length(hash) = 32)
      )`);
    await queryRunner.query(`
      CREATE UNIQUE INDEX uq_client_secrets_current ON client_secrets (client_id) WHERE expires_at IS NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE client_secrets, clients`);
  }
}
