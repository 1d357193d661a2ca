import { escapeIdentifier, type ClientBase } from 'pg';
import { BackupFault, type BackupPartition, type BackupSequence, type BackupTable } from './backup-header.js';
import { NUMBERED_ANEW } from './numbered-columns.js';

/** The table in which TypeORM lists the migrations. The header of a backup has its content. */
const MIGRATIONS = 'migrations';
const SCHEMA = 'c.relnamespace = quote_ident(current_schema())::regnamespace';

/** A table whose rows a backup holds. */
export type CatalogTable = Pick<BackupTable, 'name' | 'columns'>;

/**
 * Makes the text of every value the same on every server, and lifts the limits of time, for the running transaction.
 */
export async function useCopySettings(client: ClientBase): Promise<void> {
  // Raw: settings of the transaction.
  await client.query(
    `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
     SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = 'postgres';
     SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3; SET LOCAL client_encoding = 'UTF8'`,
  );
}

/** Every relation of the schema that no extension owns. */
export async function relationNames(client: ClientBase): Promise<string[]> {
  // Raw: reads the catalog.
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE ${SCHEMA} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/**
 * Every table of the schema but for the list of migrations, with its columns; a table comes after those that it refers to.
 * A partitioned table counts as one.
 */
export async function tablesOf(client: ClientBase): Promise<CatalogTable[]> {
  // Raw: reads the catalog.
  const { rows } = await client.query<CatalogTable & { refers: string[] }>(
    `SELECT c.relname AS name,
            (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
            ARRAY(SELECT r.relname::text FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
                   WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS refers
       FROM pg_class c
      WHERE ${SCHEMA} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> '${MIGRATIONS}'
      ORDER BY 1`,
  );
  return inOrder(rows).map(({ name, columns }) => {
    const anew = NUMBERED_ANEW[name]?.columns ?? [];
    return { name, columns: columns.filter((column) => !anew.includes(column)) };
  });
}

/** The partitions but for default ones, which the migrations make. */
export async function partitionsOf(client: ClientBase): Promise<BackupPartition[]> {
  // Raw: reads the catalog.
  const { rows } = await client.query<BackupPartition>(
    `SELECT p.relname AS table, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
       FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
      WHERE ${SCHEMA} AND c.relispartition AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' ORDER BY 1, 2`,
  );
  return rows;
}

/** The sequences that number columns, with the last number of each. */
export async function sequencesOf(client: ClientBase): Promise<BackupSequence[]> {
  // Raw: reads the catalog.
  const { rows } = await client.query<Omit<BackupSequence, 'last'> & { sequence: string }>(
    `SELECT c.relname AS table, a.attname AS column, d.objid::regclass::text AS sequence
       FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
       JOIN pg_class c ON c.oid = d.refobjid
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
      WHERE ${SCHEMA} AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        AND c.relname <> '${MIGRATIONS}' ORDER BY 1, 2`,
  );
  const sequences: BackupSequence[] = [];
  for (const { table, column, sequence } of rows) {
    // Raw: reads a sequence, whose name is quoted by the server.
    const last = await client.query<{ last: string | null }>(
      `SELECT CASE WHEN is_called THEN last_value::text END AS last FROM ${sequence}`,
    );
    sequences.push({ table, column, last: last.rows[0]?.last ?? null });
  }
  return sequences;
}

/** Names of migrations that have run, oldest first. @throws BackupFault where there is no list of them */
export async function migrationsOf(client: ClientBase): Promise<string[]> {
  if (!(await relationNames(client)).includes(MIGRATIONS))
    throw new BackupFault('the database holds no Latchkey: it has no list of migrations');
  // Raw: the table belongs to TypeORM.
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM ${MIGRATIONS} ORDER BY timestamp, id`,
  );
  return rows.map(({ name }) => name);
}

/** The columns as a list for a statement. */
export function columnList({ columns }: CatalogTable): string {
  return columns.map((column) => escapeIdentifier(column)).join(', ');
}

function inOrder<T extends { readonly name: string; readonly refers: readonly string[] }>(
  tables: readonly T[],
): T[] {
  const sorted: T[] = [];
  const rest = new Set(tables);
  while (rest.size > 0) {
    const open = new Set([...rest].map(({ name }) => name));
    const next = [...rest].filter(({ refers }) => !refers.some((name) => open.has(name)));
    if (next.length === 0)
      throw new BackupFault(`the tables ${[...open].join(', ')} refer to each other in a circle`);
    for (const table of next) rest.delete(table);
    sorted.push(...next);
  }
  return sorted;
}

const NEWLINE = 10;

/** How many rows end in a piece of COPY's text, which ends each with the only line break in it. */
export function linesIn(rows: Buffer): number {
  let lines = 0;
  for (let at = rows.indexOf(NEWLINE); at !== -1; at = rows.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
