import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a user has proved the e-mail address. Accounts of before have proved none. */
export class EmailVerified1763809200000 implements MigrationInterface {
  name = 'EmailVerified1763809200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users ADD COLUMN email_verified boolean NOT NULL DEFAULT false`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users DROP COLUMN email_verified`);
  }
}
