import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The audit log, a partition a month, and the chain of seals over it. */
export class AuditEvents1763776800000 implements MigrationInterface {
  name = 'AuditEvents1763776800000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE audit_events (
        id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL,
        action text NOT NULL,
        actor text,
        subject_kind text NOT NULL,
        subject text NOT NULL,
        session_id text,
        ip text,
        user_agent text,
        request_id text,
        details jsonb,
        signature bytea NOT NULL,
        signed_by text NOT NULL,
        era integer NOT NULL,
        transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT pk_audit_events PRIMARY KEY (id, created_at),
        CONSTRAINT ck_audit_events_created_at CHECK (isfinite(created_at))
      ) PARTITION BY RANGE (created_at)`);
    await queryRunner.query(
      `CREATE INDEX ix_audit_events_position ON audit_events (era, transaction_id, id, created_at)`,
    );
    await queryRunner.query(`CREATE INDEX ix_audit_events_actor ON audit_events (actor, id)`);
    await queryRunner.query(`CREATE INDEX ix_audit_events_subject ON audit_events (subject, id)`);
    await queryRunner.query(`CREATE INDEX ix_audit_events_action ON audit_events (action, id)`);
    await queryRunner.query(`CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT`);
    await this.createMonths(queryRunner);
    await queryRunner.query(`
      CREATE TABLE audit_seals (
        number bigint CONSTRAINT pk_audit_seals PRIMARY KEY,
        era integer NOT NULL,
        from_transaction xid8 NOT NULL,
        to_transaction xid8 NOT NULL,
        month text,
        event_count integer NOT NULL,
        event_ids uuid[] NOT NULL,
        events_hash bytea NOT NULL,
        dropped_through bigint,
        dropped_hash bytea,
        dropped_before text,
        previous_hash bytea NOT NULL CONSTRAINT uq_audit_seals_previous_hash UNIQUE,
        created_at timestamptz(3) NOT NULL,
        hash bytea NOT NULL,
        signature bytea NOT NULL,
        signed_by text NOT NULL,
        CONSTRAINT ck_audit_seals_range CHECK (from_transaction <= to_transaction),
        CONSTRAINT ck_audit_seals_count CHECK (event_count = cardinality(event_ids)),
        CONSTRAINT ck_audit_seals_kind CHECK (
          (month IS NULL) = (event_count = 0)
          AND (dropped_through IS NULL) = (event_count > 0)
          AND (dropped_hash IS NULL) = (event_count > 0)
          AND (dropped_before IS NULL) = (event_count > 0))
      )`);
    await queryRunner.query(
      `CREATE INDEX ix_audit_seals_dropped ON audit_seals (number) WHERE dropped_through IS NOT NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE audit_seals, audit_events`);
  }

  /** The running month and the next two; from then on the service makes them. */
  private async createMonths(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DO $$
      DECLARE
        month timestamp;
      BEGIN
        FOR month IN
          SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)
            FROM generate_series(0, 2) AS ahead
        LOOP
          EXECUTE format('CREATE TABLE %I PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)',
            'audit_events_' || to_char(month, 'YYYY_MM'),
            month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        END LOOP;
      END $$`);
  }
}
