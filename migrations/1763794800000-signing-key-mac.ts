import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the authentication code of a signing key's row. It is null in rows that an older version wrote. */
export class SigningKeyMac1763794800000 implements MigrationInterface {
  name = 'SigningKeyMac1763794800000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE signing_keys ADD COLUMN mac bytea');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE signing_keys DROP COLUMN mac');
  }
}
