import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Keys of e-mail addresses in the order of their bytes: the index that keeps them unique finds prefixes too, whatever
 * the collation of the database. Rebuilds that index and not the table, and holds the table meanwhile.
 */
export class EmailKeyInC1763787600000 implements MigrationInterface {
  name = 'EmailKeyInC1763787600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users ALTER COLUMN email_key TYPE text COLLATE "C"`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users ALTER COLUMN email_key TYPE text COLLATE "default"`);
  }
}
