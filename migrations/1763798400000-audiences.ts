import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Registered resources, the audience of a session, and the resources that a client stands for. Null is what rows of
 * before have: the default application, and for a session that asked for scopes of the service alone, the service.
 */
export class Audiences1763798400000 implements MigrationInterface {
  name = 'Audiences1763798400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE resources (
        id text CONSTRAINT pk_resources PRIMARY KEY,
        identifier text NOT NULL CONSTRAINT uq_resources_identifier UNIQUE,
        name text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query(`ALTER TABLE sessions ADD COLUMN audience text`);
    await queryRunner.query(`ALTER TABLE clients ADD COLUMN resources text[]`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE clients DROP COLUMN resources`);
    await queryRunner.query(`ALTER TABLE sessions DROP COLUMN audience`);
    await queryRunner.query(`DROP TABLE resources`);
  }
}
