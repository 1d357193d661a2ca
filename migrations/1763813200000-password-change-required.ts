import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a user must change the password before anything else. */
export class PasswordChangeRequired1763813200000 implements MigrationInterface {
  name = 'PasswordChangeRequired1763813200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE users ADD COLUMN password_change_required boolean NOT NULL DEFAULT false`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users DROP COLUMN password_change_required`);
  }
}
