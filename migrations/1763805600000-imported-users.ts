import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users without a password, and where imported users came from. */
export class ImportedUsers1763805600000 implements MigrationInterface {
  name = 'ImportedUsers1763805600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL, ADD COLUMN origin text`,
    );
    await queryRunner.query(
      `CREATE UNIQUE INDEX IF NOT EXISTS uq_users_origin ON users (origin) WHERE origin IS NOT NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX uq_users_origin`);
    // A text that is no hash matches no password.
    await queryRunner.query(`UPDATE users SET password_hash = '!' WHERE password_hash IS NULL`);
    await queryRunner.query(`ALTER TABLE users ALTER COLUMN password_hash SET NOT NULL, DROP COLUMN origin`);
  }
}
