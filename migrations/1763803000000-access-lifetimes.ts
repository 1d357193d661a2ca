import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The lifetimes of access tokens that instances issue or issued lately: what revocations and keys have to outlive. */
export class AccessLifetimes1763803000000 implements MigrationInterface {
  name = 'AccessLifetimes1763803000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE access_lifetimes (
        seconds integer CONSTRAINT pk_access_lifetimes PRIMARY KEY,
        issued_until timestamptz(3) NOT NULL,
        CONSTRAINT ck_access_lifetimes_seconds CHECK (seconds > 0)
      )`);
    // A former version recorded nothing. Its settings allowed a day, and a minute of leeway.
    await queryRunner.query(
      `INSERT INTO access_lifetimes (seconds, issued_until) SELECT 86460, now() WHERE EXISTS (SELECT 1 FROM sessions)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE access_lifetimes`);
  }
}
