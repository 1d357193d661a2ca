import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { AppModule } from '../app/app.module.js';
import { loadConfig } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { DatabaseClock } from '../platform/database/database-clock.js';
import { migrate, pendingMigrations } from '../platform/database/migrate.js';
import { openDatabase } from '../platform/database/open-database.js';
import type { AppOptions } from './command.js';
import { commandLog } from './command-log.js';

const WAIT_MS = 5000;
/** Commands are interactive, and one that concerns every user may take longer than a request, so the limit is ten minutes. */
const STATEMENT_MS = 600_000;

/** Migrations have not run, and the command only reads. */
class DatabaseIsBehind extends Error {
  override name = 'DatabaseIsBehind';

  constructor(pending: readonly string[]) {
    super(`the database lacks migrations of this version: ${pending.join(', ')}; run latchkey migrate`);
  }
}

/**
 * Runs a command inside the service without HTTP, on the database of the settings, so that running instances follow
 * within a second. An embedded server that runs already is used. Migrates first, unless the command only reads.
 * @throws ConfigError, DatabaseIsBehind, and the errors of the database and of `work`
 */
export async function withApp<T>(
  work: (app: INestApplicationContext) => Promise<T>,
  { readsOnly = false }: AppOptions = {},
): Promise<T> {
  const { environment, problems } = await readEnvironment();
  const settings = loadConfig(environment, problems);
  const config = { ...settings, database: { ...settings.database, statementTimeoutMs: STATEMENT_MS } };
  const log = commandLog();
  const database = await openDatabase(config.database, log);
  try {
    const prepare = readsOnly ? assertUpToDate : migrate;
    await prepare(database.target, config.database, { waitMs: WAIT_MS });
    const parts = { config, target: database.target, clock: new DatabaseClock(), log };
    const app = await NestFactory.createApplicationContext(AppModule.with(parts), {
      logger: false,
      abortOnError: false,
    });
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await database.close();
  }
}

async function assertUpToDate(...database: Parameters<typeof pendingMigrations>): Promise<void> {
  const pending = await pendingMigrations(...database);
  if (pending.length > 0) throw new DatabaseIsBehind(pending);
}
