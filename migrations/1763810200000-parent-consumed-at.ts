import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When the parent of a session's live refresh token was consumed, if its first successor was replaced unused. */
export class ParentConsumedAt1763810200000 implements MigrationInterface {
  name = 'ParentConsumedAt1763810200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE sessions ADD COLUMN parent_consumed_at timestamptz(3)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE sessions DROP COLUMN parent_consumed_at`);
  }
}
