import { once } from 'node:events';
import { escapeIdentifier, type ClientBase } from 'pg';
import { from as copyFrom, type CopyStreamQuery } from 'pg-copy-streams';
import type { DataSource, QueryRunner } from 'typeorm';
import { AUDIT_ENTITIES, AuditVerifier, type AuditVerification } from '../audit/audit.verifier.js';
import { KEY_ENTITIES, unopenedKeys } from '../keys/unopened-keys.js';
import type { Config } from '../platform/config/config.js';
import type { ConnectionTarget } from '../platform/database/connection.js';
import { MIGRATION_NAMES } from '../platform/database/data-source.js';
import { DatabaseClock } from '../platform/database/database-clock.js';
import { lockMigrations, runMigrations, withDataSource } from '../platform/database/migrate.js';
import { BackupFault, type BackupHeader, type BackupTable } from './backup-header.js';
import type { BackupReading } from './backup-reading.js';
import { endRestored, recordRestore, type Ended } from './restored-sessions.js';
import { createPartitions, emptyTables, restartSequences } from './restored-schema.js';
import { columnList, linesIn, relationNames, tablesOf, useCopySettings } from './schema-catalog.js';

const WAIT_MS = 5000;

export interface RestoreOptions {
  /** Sessions and tokens of the time of the backup go on. */
  readonly keepSessions: boolean;
  /** How to get an empty database; ends the message that refuses another one. */
  readonly howToEmpty: string;
  /** Is called with the number of rows restored so far, of all tables. */
  readonly progress: (done: number, total: number) => void;
}

export interface Restored {
  readonly header: BackupHeader;
  /** Undefined where sessions were kept. */
  readonly ended: Ended | undefined;
  /** Tables of the backup that are not of Latchkey. */
  readonly skipped: readonly string[];
  /** Migrations that the backup was older than. */
  readonly migrations: readonly string[];
  readonly audit: AuditVerification;
}

/**
 * Restores a backup into an empty database: all of it in one transaction, or nothing. Runs the migrations of the backup,
 * then copies the rows, then runs the migrations that the backup lacks. Afterwards verifies the audit log.
 * @throws BackupFault where the backup is of a newer version, of another secret, changed or cut off, or the database is
 * not empty; the database's error
 */
export async function restore(
  reading: BackupReading,
  target: ConnectionTarget,
  config: Pick<Config, 'keys' | 'database'>,
  options: RestoreOptions,
): Promise<Restored> {
  assertNotNewer(reading.header);
  const settings = { waitMs: WAIT_MS, entities: [...AUDIT_ENTITIES, ...KEY_ENTITIES] };
  return withDataSource(target, config.database, settings, async (dataSource) => {
    const done = await inTransaction(dataSource, (runner) =>
      restoreRows(runner, { reading, target, config }, options),
    );
    // Raw: the planner's figures of the new tables.
    await dataSource.query('ANALYZE');
    return { ...done, audit: await AuditVerifier.on(dataSource, config.keys).verify() };
  });
}

/** @throws BackupFault, naming the migrations that this version does not know */
export function assertNotNewer({ migrations, version }: BackupHeader): void {
  const unknown = migrations.filter((name) => !MIGRATION_NAMES.includes(name));
  if (unknown.length === 0) return;
  throw new BackupFault(
    `the backup was made by a newer version of Latchkey (${version}), whose migrations this one does not have: ` +
      `${unknown.join(', ')}. Restore it with that version or a later one`,
  );
}

async function inTransaction<T>(
  dataSource: DataSource,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    const result = await work(runner);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    // Where the connection is broken the server rolls back by itself.
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

interface Source {
  readonly reading: BackupReading;
  readonly target: ConnectionTarget;
  readonly config: Pick<Config, 'keys' | 'database'>;
}

async function restoreRows(
  runner: QueryRunner,
  { reading, target, config }: Source,
  { keepSessions, howToEmpty, progress }: RestoreOptions,
): Promise<Omit<Restored, 'audit'>> {
  const { header } = reading;
  const { keys } = config;
  const client = (await runner.connect()) as ClientBase;
  await lockMigrations(runner, target, config.database);
  await useCopySettings(client);
  await assertEmpty(client, howToEmpty);
  await runMigrations(runner, new Set(header.migrations));
  const skipped = await prepare(client, header);
  await copyRows(client, reading, { skipped, progress });
  const migrations = await runMigrations(runner);
  const clock = new DatabaseClock();
  await clock.measure(runner.dataSource);
  await assertOpens(runner, keys, clock.now());
  const ended = keepSessions ? undefined : await endRestored(runner.manager, clock.now());
  await recordRestore(runner.manager, { keys, clock, header, ended });
  return { header, ended, skipped, migrations };
}

async function assertEmpty(client: ClientBase, howToEmpty: string): Promise<void> {
  const names = await relationNames(client);
  if (names.length === 0) return;
  const some =
    names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  throw new BackupFault(
    `the database is not empty: it has ${some}. A restore needs an empty database: ${howToEmpty}`,
  );
}

/** Empties the tables, into which migrations write first rows. @returns the tables of the backup that are not of Latchkey */
async function prepare(client: ClientBase, header: BackupHeader): Promise<string[]> {
  const tables = await tablesOf(client);
  await emptyTables(client, tables);
  for (const { name, columns } of tables) {
    const saved = header.tables.find((table) => table.name === name);
    const same =
      saved && saved.columns.length === columns.length && columns.every((one) => saved.columns.includes(one));
    if (!same)
      throw new BackupFault(`the table ${name} of the backup has other columns than its migrations make`);
  }
  const known = (name: string): boolean => tables.some((table) => table.name === name);
  await createPartitions(
    client,
    header.partitions.filter(({ table }) => known(table)),
  );
  await restartSequences(
    client,
    header.sequences.filter(({ table }) => known(table)),
  );
  return header.tables.filter(({ name }) => !known(name)).map(({ name }) => name);
}

interface Copying {
  readonly skipped: readonly string[];
  readonly progress: RestoreOptions['progress'];
}

async function copyRows(
  client: ClientBase,
  reading: BackupReading,
  { skipped, progress }: Copying,
): Promise<void> {
  const total = reading.header.tables.reduce((sum, { rows }) => sum + rows, 0);
  let copy: TableCopy | undefined;
  let done = 0;
  try {
    for await (const { table, rows } of reading.pieces()) {
      if (copy?.table !== table) {
        await copy?.finish();
        copy = skipped.includes(table.name) ? undefined : new TableCopy(client, table);
      }
      await copy?.write(rows);
      done += linesIn(rows);
      progress(done, total);
    }
    await copy?.finish();
  } catch (error) {
    await copy?.abort();
    throw error;
  }
}

/** Copies the rows of one table. */
class TableCopy {
  private readonly stream: CopyStreamQuery;
  private readonly failed: Promise<never>;

  constructor(
    client: ClientBase,
    readonly table: BackupTable,
  ) {
    // Raw: COPY.
    this.stream = client.query(
      copyFrom(`COPY ${escapeIdentifier(table.name)} (${columnList(table)}) FROM STDIN`),
    );
    this.failed = new Promise((_resolve, reject) => this.stream.once('error', reject));
    // Awaited by the calls below, where there is one.
    this.failed.catch(() => undefined);
  }

  /** @throws the database's error */
  async write(rows: Buffer): Promise<void> {
    if (rows.length > 0 && !this.stream.write(rows)) {
      await Promise.race([once(this.stream, 'drain'), this.failed]);
    }
  }

  /** @throws BackupFault where the header names another number of rows; the database's error */
  async finish(): Promise<void> {
    const finished = once(this.stream, 'finish');
    this.stream.end();
    await Promise.race([finished, this.failed]);
    if (this.stream.rowCount !== this.table.rows) {
      throw new BackupFault(
        `the backup has ${this.stream.rowCount} rows of ${this.table.name} and names ${this.table.rows}`,
      );
    }
  }

  /** Ends a COPY that lacks its end: until then the connection runs no other statement, not even ROLLBACK. */
  async abort(): Promise<void> {
    if (this.stream.closed || this.stream.writableFinished) return;
    const closed = new Promise((resolve) => this.stream.once('close', resolve));
    this.stream.destroy(new Error('the restore was broken off'));
    await closed;
  }
}

async function assertOpens(runner: QueryRunner, keys: Config['keys'], now: number): Promise<void> {
  const unopened = await unopenedKeys(runner.manager, keys, now);
  if (unopened.length === 0) return;
  throw new BackupFault(
    `the signing keys ${unopened.join(', ')} are encrypted under a secret that the settings do not hold: add it to the ` +
      'previous secrets; nothing was restored',
  );
}
