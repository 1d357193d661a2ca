import type { MigrationInterface, QueryRunner } from 'typeorm';

const SERVICE_SCOPES = [
  'users:read',
  'users:write',
  'sessions:read',
  'sessions:write',
  'roles:read',
  'roles:write',
  'clients:read',
  'clients:write',
  'keys:read',
  'keys:write',
  'revocations:read',
  'revocations:write',
  'audit:read',
];

/** Users, roles, sessions and revocations. */
export class Initial1763769600000 implements MigrationInterface {
  name = 'Initial1763769600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE users (
        id uuid CONSTRAINT pk_users PRIMARY KEY,
        email text NOT NULL,
        email_key text NOT NULL CONSTRAINT uq_users_email_key UNIQUE,
        username text,
        username_key text CONSTRAINT uq_users_username_key UNIQUE,
        full_name text,
        password_hash text NOT NULL,
        status text NOT NULL DEFAULT 'active',
        permission_version integer NOT NULL DEFAULT 1,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT ck_users_status CHECK (status IN ('active', 'disabled')),
        CONSTRAINT ck_users_username CHECK ((username IS NULL) = (username_key IS NULL))
      )`);
    await queryRunner.query(`
      CREATE TABLE roles (
        name text CONSTRAINT pk_roles PRIMARY KEY,
        scopes text[] NOT NULL
      )`);
    await queryRunner.query(`
      CREATE TABLE user_roles (
        user_id uuid NOT NULL CONSTRAINT fk_user_roles_user REFERENCES users (id) ON DELETE CASCADE,
        role text NOT NULL CONSTRAINT fk_user_roles_role REFERENCES roles (name),
        CONSTRAINT pk_user_roles PRIMARY KEY (user_id, role)
      )`);
    await queryRunner.query(`CREATE INDEX ix_user_roles_role ON user_roles (role)`);
    await queryRunner.query(`INSERT INTO roles (name, scopes) VALUES ('user', '{}'), ('admin', $1)`, [
      SERVICE_SCOPES,
    ]);
    await queryRunner.query(`
      CREATE TABLE sessions (
        id uuid CONSTRAINT pk_sessions PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_sessions_user REFERENCES users (id) ON DELETE CASCADE,
        client_id text NOT NULL,
        requested_scope text,
        generation integer NOT NULL DEFAULT 1,
        parent_generation integer,
        refresh_token_id uuid NOT NULL,
        rotated_at timestamptz(3) NOT NULL,
        idle_expires_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL,
        last_used_at timestamptz(3) NOT NULL,
        ip text,
        user_agent text,
        revoked_at timestamptz(3),
        revoked_reason text,
        CONSTRAINT ck_sessions_generation CHECK (generation > coalesce(parent_generation, 0)),
        CONSTRAINT ck_sessions_revoked CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
      )`);
    await queryRunner.query(
      `CREATE INDEX ix_sessions_user_live ON sessions (user_id, id) WHERE revoked_at IS NULL`,
    );
    await queryRunner.query(`CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)`);
    await queryRunner.query(`
      CREATE TABLE revocations (
        seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_revocations PRIMARY KEY,
        id uuid NOT NULL CONSTRAINT uq_revocations_id UNIQUE,
        kind text NOT NULL,
        subject text NOT NULL,
        cutoff timestamptz(3) NOT NULL,
        min_version integer,
        soft boolean NOT NULL DEFAULT false,
        reason text NOT NULL,
        actor text,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT ck_revocations_kind CHECK (kind IN ('session', 'user', 'client', 'key', 'all')),
        CONSTRAINT ck_revocations_soft CHECK (NOT soft OR (kind = 'user' AND min_version IS NOT NULL))
      )`);
    await queryRunner.query(`CREATE INDEX ix_revocations_transaction_id ON revocations (transaction_id)`);
    await queryRunner.query(`CREATE INDEX ix_revocations_expires_at ON revocations (expires_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE revocations, sessions, user_roles, roles, users`);
  }
}
