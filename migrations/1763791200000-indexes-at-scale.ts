import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes that large tables were found to want: a user's sessions whatever their state, which the deletion of the user
 * looks for, revocations in the order of their feed, which each take the place of a narrower one, and the few sessions
 * that are of a client. They hold up writers
 * while they are built; where they are there already, built beforehand without that, nothing is built.
 */
export class IndexesAtScale1763791200000 implements MigrationInterface {
  name = 'IndexesAtScale1763791200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX IF NOT EXISTS ix_sessions_user ON sessions (user_id, id)`);
    await queryRunner.query(`DROP INDEX ix_sessions_user_live`);
    await queryRunner.query(
      `CREATE INDEX IF NOT EXISTS ix_sessions_client ON sessions (client_id, id) WHERE client_id <> 'first-party'`,
    );
    await queryRunner.query(
      `CREATE INDEX IF NOT EXISTS ix_revocations_position ON revocations (transaction_id, seq)`,
    );
    await queryRunner.query(`DROP INDEX ix_revocations_transaction_id`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX ix_revocations_transaction_id ON revocations (transaction_id)`);
    await queryRunner.query(`DROP INDEX ix_revocations_position`);
    await queryRunner.query(`DROP INDEX ix_sessions_client`);
    await queryRunner.query(
      `CREATE INDEX ix_sessions_user_live ON sessions (user_id, id) WHERE revoked_at IS NULL`,
    );
    await queryRunner.query(`DROP INDEX ix_sessions_user`);
  }
}
