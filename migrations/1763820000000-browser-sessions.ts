import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a session outlives its browser: true of every session but those of browsers that are not to be remembered. */
export class BrowserSessions1763820000000 implements MigrationInterface {
  name = 'BrowserSessions1763820000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE sessions ADD COLUMN persistent boolean NOT NULL DEFAULT true`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE sessions DROP COLUMN persistent`);
  }
}
