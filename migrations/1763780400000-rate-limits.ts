import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Counters that all instances share, in the form rate-limiter-flexible reads and writes. */
export class RateLimits1763780400000 implements MigrationInterface {
  name = 'RateLimits1763780400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE rate_limits (
        key varchar(255) CONSTRAINT pk_rate_limits PRIMARY KEY,
        points integer NOT NULL,
        expire bigint
      )`);
    await queryRunner.query(`CREATE INDEX ix_rate_limits_expire ON rate_limits (expire)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE rate_limits`);
  }
}
