import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The key ring: every key that signs or has signed, with the times that make up its state. */
export class SigningKeys1763773200000 implements MigrationInterface {
  name = 'SigningKeys1763773200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE signing_keys (
        kid text CONSTRAINT pk_signing_keys PRIMARY KEY,
        algorithm text NOT NULL,
        source text NOT NULL,
        public_key text,
        private_key bytea,
        wrapped_by text,
        created_at timestamptz(3) NOT NULL,
        active_from timestamptz(3) NOT NULL,
        active_until timestamptz(3),
        verify_until timestamptz(3),
        compromised_at timestamptz(3),
        CONSTRAINT ck_signing_keys_source CHECK (source IN ('ring', 'secret', 'pinned')),
        CONSTRAINT ck_signing_keys_material CHECK (
          (source = 'ring') = (private_key IS NOT NULL)
          AND (source = 'secret') = (public_key IS NULL)
          AND (private_key IS NULL) = (wrapped_by IS NULL)),
        CONSTRAINT ck_signing_keys_retired CHECK ((active_until IS NULL) = (verify_until IS NULL)),
        CONSTRAINT ck_signing_keys_times CHECK (verify_until >= active_until)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE signing_keys`);
  }
}
