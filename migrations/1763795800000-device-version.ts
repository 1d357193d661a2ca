import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the version of a user's device cookies. Raising it voids the cookies of before. */
export class DeviceVersion1763795800000 implements MigrationInterface {
  name = 'DeviceVersion1763795800000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users ADD COLUMN device_version integer NOT NULL DEFAULT 1');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users DROP COLUMN device_version');
  }
}
