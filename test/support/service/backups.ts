import type { TestDatabase } from '../database/database.js';

/** Columns that a restore numbers anew. */
const ANEW = ['revocations.seq', 'revocations.transaction_id'];

/** Every table but the list of migrations; a partitioned one counts as one. */
export async function tableNames(database: Pick<TestDatabase, 'query'>): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** The rows of every table as text, in an order of their own, without the columns that a restore numbers anew. */
export async function contentOf(database: Pick<TestDatabase, 'query'>): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const table of await tableNames(database)) {
    const columns = await database.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [table],
    );
    const kept = columns.map(({ name }) => name).filter((name) => !ANEW.includes(`${table}.${name}`));
    const rows = await database.query<{ row: string }>(
      `SELECT (SELECT r FROM (SELECT ${kept.map((name) => `t."${name}"`).join(', ')}) r)::text AS row
         FROM "${table}" t ORDER BY 1`,
    );
    content[table] = rows.map(({ row }) => row);
  }
  return content;
}
