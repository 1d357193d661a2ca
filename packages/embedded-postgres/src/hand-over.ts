import type { Client } from 'pg';
import { APPLICATION, SUPERUSER, type Passwords } from './roles.js';

/** The advisory lock of a handover: any constant that nothing else in the database uses. */
const LOCK = 0x6c6b686f;
/** Renames the role of the session, which a session cannot do under that role. It exists within one transaction. */
const HELPER = 'latchkey_handover';

/**
 * Takes the attribute SUPERUSER from the application's role: the superuser gets another name and password, and a new role
 * of the old name and password becomes the owner of the database and everything in it. One transaction: all or nothing.
 * Does nothing where the role is no superuser.
 * @param client connected to the application's database, as its role
 */
export async function handOver(client: Client, { application, superuser }: Passwords): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  const { rows } = await client.query<{ superuser: boolean }>(
    'SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = $1',
    [APPLICATION],
  );
  if (rows[0]?.superuser) {
    await client.query(`
      CREATE ROLE ${HELPER} SUPERUSER;
      SET LOCAL SESSION AUTHORIZATION ${HELPER};
      ALTER ROLE ${APPLICATION} RENAME TO ${SUPERUSER};
      ALTER ROLE ${SUPERUSER} PASSWORD ${client.escapeLiteral(superuser)};
      CREATE ROLE ${APPLICATION} LOGIN PASSWORD ${client.escapeLiteral(application)};
      ALTER DATABASE ${APPLICATION} OWNER TO ${APPLICATION};
      ${CHANGE_OWNERS};
      RESET SESSION AUTHORIZATION;
      DROP ROLE ${HELPER}`);
  }
  await client.query('COMMIT');
}

/**
 * Changes the owner of everything that the superuser created. REASSIGN OWNED refuses, because the superuser also owns the
 * catalog. Sequences of columns and types of tables follow their table.
 */
const CHANGE_OWNERS = `DO $$
  DECLARE statement text;
  BEGIN
    FOR statement IN
      WITH schemas AS (
        SELECT oid, nspname, nspowner FROM pg_namespace
         WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')
      SELECT format('ALTER SCHEMA %I OWNER TO ${APPLICATION}', nspname) FROM schemas
       WHERE nspowner = '${SUPERUSER}'::regrole
      UNION ALL
      SELECT format('ALTER TABLE %s OWNER TO ${APPLICATION}', c.oid::regclass)
        FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
       WHERE c.relowner = '${SUPERUSER}'::regrole AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                            AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i'))
      UNION ALL
      SELECT format('ALTER ROUTINE %s OWNER TO ${APPLICATION}', p.oid::regprocedure)
        FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace
       WHERE p.proowner = '${SUPERUSER}'::regrole
      UNION ALL
      SELECT format('ALTER TYPE %s OWNER TO ${APPLICATION}', t.oid::regtype)
        FROM pg_type t JOIN schemas s ON s.oid = t.typnamespace
       WHERE t.typowner = '${SUPERUSER}'::regrole AND t.typtype IN ('e', 'd')
    LOOP
      EXECUTE statement;
    END LOOP;
  END $$`;
