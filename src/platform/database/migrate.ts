import { DataSource, MigrationExecutor, type Migration, type QueryRunner } from 'typeorm';
import { isPooled, whenReachable, type ConnectionTarget, type PoolSettings } from './connection.js';
import { dataSourceOptions } from './data-source.js';
import { missingCreatePrivilege } from './database-fault.js';
import { transactionSettings } from './session-settings.js';

/** The advisory lock that migrating processes wait for; the number is arbitrary but unique in the database. */
const MIGRATION_LOCK = 0x6c61746b;

export interface MigrateOptions {
  /** How long to wait for the database to become reachable, in milliseconds. */
  readonly waitMs: number;
}

/**
 * Brings the schema up to date and returns the names of the migrations that ran. All migrations run in one transaction
 * under an advisory lock: processes that start at the same time run each migration once, and a failed migration leaves
 * no trace. Works through a transaction pooler.
 * @throws the database's error where it is unreachable for `waitMs`, or where a migration fails; ConfigError where the
 * user may not create tables
 */
export async function migrate(
  target: ConnectionTarget,
  pool: PoolSettings,
  options: MigrateOptions,
): Promise<string[]> {
  return withDataSource(target, pool, options, async (dataSource) => {
    const runner = dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await lockMigrations(runner, target, pool);
      const ran = await runMigrations(runner);
      await runner.commitTransaction();
      return ran;
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      throw error;
    } finally {
      await runner.release();
    }
  });
}

/** Waits for the lock on the schema, and holds it until the runner's transaction ends. Lifts the limit of time for it. */
export async function lockMigrations(
  runner: QueryRunner,
  target: ConnectionTarget,
  pool: PoolSettings,
): Promise<void> {
  // Raw: settings of the transaction.
  if (isPooled(target)) await runner.query(transactionSettings(pool));
  // A migration, and the wait for the lock, may take longer than a request may.
  // Raw: a setting of the transaction, and an advisory lock.
  await runner.query('SET LOCAL statement_timeout = 0');
  await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
}

/**
 * Runs the pending migrations, or those of them that are named, in the runner's transaction.
 * @returns their names
 * @throws ConfigError where the user may not create tables
 */
export async function runMigrations(runner: QueryRunner, only?: ReadonlySet<string>): Promise<string[]> {
  const executor = new ChosenMigrations(runner, only);
  executor.transaction = 'none';
  await assertMayMigrate(runner, executor);
  return (await executor.executePendingMigrations()).map(nameOf);
}

class ChosenMigrations extends MigrationExecutor {
  constructor(
    runner: QueryRunner,
    private readonly only: ReadonlySet<string> | undefined,
  ) {
    super(runner.dataSource, runner);
  }

  protected override getMigrations(): Migration[] {
    return super.getMigrations().filter(({ name }) => !this.only || this.only.has(name));
  }
}

/** The names of the migrations that would run. */
export async function pendingMigrations(
  target: ConnectionTarget,
  pool: PoolSettings,
  options: MigrateOptions,
): Promise<string[]> {
  return withDataSource(target, pool, options, async (dataSource) => {
    const executor = new MigrationExecutor(dataSource);
    const runner = dataSource.createQueryRunner();
    try {
      await assertMayMigrate(runner, executor);
    } finally {
      await runner.release();
    }
    return (await executor.getPendingMigrations()).map(nameOf);
  });
}

/** Refuses a user who may not create the tables of pending migrations, before PostgreSQL does. @throws ConfigError */
async function assertMayMigrate(runner: QueryRunner, executor: MigrationExecutor): Promise<void> {
  // Raw: privileges, which belong to no table. Without a schema of its search path the session has no current one.
  const [row]: Array<{ name: string; schema: string | null; creates: boolean | null; begun: boolean }> =
    await runner.query(
      `SELECT current_user AS name, current_schema() AS schema, to_regclass('migrations') IS NOT NULL AS begun,
              has_schema_privilege(current_schema(), 'CREATE') AS creates`,
    );
  if (!row || row.creates) return;
  if (row.begun && (await executor.getPendingMigrations()).length === 0) return;
  throw missingCreatePrivilege(row.name, row.schema);
}

function nameOf(migration: Migration): string {
  return migration.name;
}

/** A data source for long work, outside of the application. @throws the database's error */
export async function withDataSource<T>(
  target: ConnectionTarget,
  pool: PoolSettings,
  {
    waitMs,
    entities = [],
  }: MigrateOptions & { readonly entities?: ReadonlyArray<abstract new () => object> },
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const base = dataSourceOptions(target, { ...pool, poolSize: 2 }, entities);
  // The client's time limit would also cancel a long migration.
  const dataSource = new DataSource({ ...base, extra: { ...base.extra, query_timeout: undefined } });
  await whenReachable(() => dataSource.initialize(), waitMs);
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
