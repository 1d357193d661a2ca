import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An index of the sessions of a user that have not been ended, of which a login reads the newest few. Writers wait while
 * it is built; an index that exists already, built beforehand without that, is kept.
 */
export class LiveSessions1763811200000 implements MigrationInterface {
  name = 'LiveSessions1763811200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE INDEX IF NOT EXISTS ix_sessions_live ON sessions (user_id, id) WHERE revoked_at IS NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_sessions_live`);
  }
}
