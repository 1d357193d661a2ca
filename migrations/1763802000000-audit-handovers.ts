import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Seals that record a change of the key that signs the audit log. The new check lets every row pass that the old one does. */
export class AuditHandovers1763802000000 implements MigrationInterface {
  name = 'AuditHandovers1763802000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE audit_seals
        ADD COLUMN handover_from text,
        ADD COLUMN handover_key bytea,
        ADD COLUMN handover_signature bytea,
        DROP CONSTRAINT ck_audit_seals_kind,
        ADD CONSTRAINT ck_audit_seals_kind CHECK (
          (month IS NULL) = (event_count = 0)
          AND num_nonnulls(dropped_through, handover_from) = (CASE WHEN event_count = 0 THEN 1 ELSE 0 END)
          AND num_nonnulls(dropped_through, dropped_hash, dropped_before) IN (0, 3)
          AND num_nonnulls(handover_from, handover_key, handover_signature) IN (0, 3)) NOT VALID`);
    await queryRunner.query(
      `CREATE INDEX ix_audit_seals_handover ON audit_seals (number) WHERE handover_from IS NOT NULL`,
    );
  }

  /** Records of a change of keys stay without their content, so the chain does not verify where there is one. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE audit_seals
        DROP CONSTRAINT ck_audit_seals_kind,
        DROP COLUMN handover_from,
        DROP COLUMN handover_key,
        DROP COLUMN handover_signature,
        ADD CONSTRAINT ck_audit_seals_kind CHECK (
          (month IS NULL) = (event_count = 0)
          AND (dropped_through IS NULL) = (event_count > 0)
          AND (dropped_hash IS NULL) = (event_count > 0)
          AND (dropped_before IS NULL) = (event_count > 0)) NOT VALID`);
  }
}
