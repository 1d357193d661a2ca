import { escapeIdentifier, type ClientBase } from 'pg';
import type { BackupPartition, BackupSequence } from './backup-header.js';
import { NUMBERED_ANEW, NUMBERS_SKIPPED } from './numbered-columns.js';
import type { CatalogTable } from './schema-catalog.js';

export async function emptyTables(client: ClientBase, tables: readonly CatalogTable[]): Promise<void> {
  // Raw: tables of any name.
  await client.query(`TRUNCATE ${tables.map(({ name }) => escapeIdentifier(name)).join(', ')}`);
}

/** Creates the partitions that the migrations did not: those of past months. */
export async function createPartitions(
  client: ClientBase,
  partitions: readonly BackupPartition[],
): Promise<void> {
  for (const { table, name, bound } of partitions) {
    // Raw: partitions, whose bounds cannot be parameters; the form of the bound was checked with the header.
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${escapeIdentifier(name)} PARTITION OF ${escapeIdentifier(table)} ${bound}`,
    );
  }
}

/** Lets each sequence go on after the last number of the backup, or far above it where the rows get new numbers. */
export async function restartSequences(
  client: ClientBase,
  sequences: readonly BackupSequence[],
): Promise<void> {
  for (const { table, column, last } of sequences) {
    const isAnew = NUMBERED_ANEW[table]?.columns.includes(column) ?? false;
    if (last === null && !isAnew) continue;
    const number = BigInt(last ?? 0) + (isAnew ? BigInt(NUMBERS_SKIPPED) : 0n);
    // Raw: a sequence.
    await client.query(`SELECT setval(pg_get_serial_sequence($1, $2), $3::bigint)`, [
      escapeIdentifier(table),
      column,
      String(number),
    ]);
  }
}
