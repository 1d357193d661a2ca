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
/** Somebody waits who can break it off. What is about everybody takes longer than a request may, where they are many. */
const STATEMENT_MS = 600_000;

/** The schema is an older one, and what only reads does not change it. */
class DatabaseIsBehind extends Error {
  override name = 'DatabaseIsBehind';

  constructor(pending: readonly string[]) {
    super(
      `the database is behind this version by ${pending.join(', ')}; latchkey migrate brings it up to date`,
    );
  }
}

/**
 * Runs a command inside the service without its HTTP side: on the database of the settings, which is joined where the
 * service runs on it already, so that the running instances follow within a second. The database is brought up to date
 * before, as by a start of the service, unless the command only reads.
 * @throws ConfigError, DatabaseIsBehind, the database's errors, and what `work` throws
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
