import { domainToASCII, domainToUnicode } from 'node:url';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const BATCH = 1000;

interface Keyed {
  readonly id: string;
  readonly email_key: string;
}

/**
 * One key for each address and user name. The skeleton of a user name is one for names that look alike; housekeeping
 * fills it. The key of an address gets the Unicode form of its domain. Where another account has that key already, both
 * accounts keep their keys: each is found by its own spelling.
 */
export class OneKeyPerName1763812200000 implements MigrationInterface {
  name = 'OneKeyPerName1763812200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users ADD COLUMN username_skeleton text`);
    await queryRunner.query(
      `CREATE UNIQUE INDEX uq_users_username_skeleton ON users (username_skeleton)
        WHERE username_skeleton IS NOT NULL`,
    );
    await queryRunner.query(
      `CREATE INDEX ix_users_without_skeleton ON users (id)
        WHERE username IS NOT NULL AND username_skeleton IS NULL`,
    );
    let after: string | null = null;
    for (let page: Keyed[] | undefined; page === undefined || page.length === BATCH;) {
      page = (await queryRunner.query(
        `SELECT id, email_key FROM users
          WHERE ($1::uuid IS NULL OR id > $1) AND (email_key LIKE '%xn--%' OR octet_length(email_key) > length(email_key))
          ORDER BY id LIMIT $2`,
        [after, BATCH],
      )) as Keyed[];
      for (const user of page) await unify(queryRunner, user);
      after = page.at(-1)?.id ?? null;
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_users_without_skeleton`);
    await queryRunner.query(`DROP INDEX uq_users_username_skeleton`);
    await queryRunner.query(`ALTER TABLE users DROP COLUMN username_skeleton`);
  }
}

async function unify(queryRunner: QueryRunner, { id, email_key: key }: Keyed): Promise<void> {
  const at = key.lastIndexOf('@');
  const ascii = domainToASCII(key.slice(at + 1));
  const unicode = domainToUnicode(ascii);
  if (ascii === '' || domainToASCII(unicode) !== ascii) return;
  await queryRunner.query(
    `UPDATE users SET email_key = $2
      WHERE id = $1 AND email_key <> $2 AND NOT EXISTS (SELECT FROM users WHERE email_key = $2)`,
    [id, key.slice(0, at + 1) + unicode.normalize('NFKC')],
  );
}
