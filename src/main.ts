import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app.setup.js';
import { administratorText, banner, startFields, type StartFacts } from './banner.js';
import type { Config } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { ConfigError, loadConfig } from './config/env.schema.js';
import { unavailableDatabase } from './database/connection.js';
import { migrate } from './database/migrate.js';
import { openDatabase, type OpenDatabase } from './database/open-database.js';
import { SystemClock } from './kernel/clock.js';
import { AppError } from './kernel/app-error.js';
import { createLog, type Log } from './kernel/log.js';
import { KeyRing } from './keys/key-ring.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { drain } from './shutdown.js';
import { FirstAdministrator, type CreatedAdministrator } from './auth/first-administrator.js';

/** sysexits.h EX_CONFIG and EX_UNAVAILABLE. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;
/** A database that starts beside us (compose, a reboot) gets this long. */
const DATABASE_WAIT_MS = 30_000;

async function main(): Promise<void> {
  const { environment, problems, generatedInto } = await readEnvironment();
  const config = loadConfig(environment, problems);
  const log = createLog(config.log);
  reportCrashes(log);
  const database = await openDatabase(config.database, log);
  const app = await start(config, log, database);
  stopOnSignal(app, config, log, database);
  await app.listen(config.http.port, config.http.host);
  // Only once the start has succeeded: a generated password is shown a single time.
  const administrator = await firstAdministrator(app, config);
  announce(log, {
    config,
    url: (await app.getUrl()).replace('127.0.0.1', 'localhost'),
    database: database.description,
    keyFingerprint: app.get(KeyRing).current().kid,
    generatedSecretIn: generatedInto,
    administrator,
  });
}

async function start(config: Config, log: Log, database: OpenDatabase): Promise<NestFastifyApplication> {
  try {
    const ran = await migrate(database.target, config.database, { waitMs: DATABASE_WAIT_MS });
    if (ran.length > 0) log.info({ migrations: ran }, 'migrated the database');
    const app = await createApp({ config, target: database.target, clock: new SystemClock(), log });
    await app.get(PasswordHasher).prepare();
    return app;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function firstAdministrator(
  app: NestFastifyApplication,
  { bootstrap, production }: Config,
): Promise<CreatedAdministrator | undefined> {
  const { email, password } = bootstrap;
  const given = email !== undefined && password !== undefined ? { email, password } : undefined;
  if (production && !given) return undefined;
  return app.get(FirstAdministrator).ensure(given);
}

function announce(log: Log, facts: StartFacts): void {
  const pretty = facts.config.log.format === 'pretty';
  if (!pretty) process.stderr.write(administratorText(facts.administrator));
  log.info(startFields(facts), 'listening');
  if (pretty) process.stdout.write(banner(facts));
}

function stopOnSignal(app: NestFastifyApplication, config: Config, log: Log, database: OpenDatabase): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    void drain(app, config.http.shutdownDelayMs)
      .then(() => database.close())
      .then(() => log.info('stopped'))
      .catch((error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exitCode = 1;
      })
      .finally(() => process.exit());
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

/** Node would print the error whole, and TypeORM's hold the parameters of their query. */
function reportCrashes(log: Log): void {
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'crashed');
    process.exit(1);
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash);
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    const lines = error.problems.map(({ setting, message }) => `  ${setting} ${message}`);
    process.stderr.write(`Latchkey cannot start, its settings need attention:\n${lines.join('\n')}\n`);
    process.exit(EXIT_CONFIG);
  }
  process.stderr.write(`Latchkey cannot start: ${reasonOf(error)}\n`);
  if (isRefusedAdministrator(error)) process.exit(EXIT_CONFIG);
  process.exit(isDatabaseError(error) ? EXIT_UNAVAILABLE : 1);
});

/** In words for a person. Messages of the database may quote values; its codes and the system's do not. */
function reasonOf(error: unknown): string {
  const { code, syscall, path, address, port } = (error ?? {}) as Record<string, unknown>;
  if (isRefusedAdministrator(error)) {
    const faults = error.errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return `BOOTSTRAP_ADMIN_EMAIL or BOOTSTRAP_ADMIN_PASSWORD is not acceptable (${faults})`;
  }
  if (error instanceof AppError) {
    const cause = error.diagnosis?.['cause'];
    return typeof cause === 'string' ? cause : error.detail;
  }
  if (syscall === 'listen')
    return `port ${String(port)} of ${String(address)} cannot be used (${String(code)})`;
  if (typeof path === 'string' && syscall !== 'connect')
    return `${path} cannot be read or written (${String(code)})`;
  if (isDatabaseError(error)) {
    const where =
      typeof address === 'string' ? ` at ${address}${typeof port === 'number' ? `:${port}` : ''}` : '';
    return `the database answered ${String(code)}${where}; check DATABASE_URL and that PostgreSQL is up`;
  }
  return error instanceof Error ? error.message : 'unknown error';
}

/** Nothing else of a start is validated like a request. */
function isRefusedAdministrator(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'validation_failed';
}

/** An SQLSTATE has five characters. */
function isDatabaseError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return unavailableDatabase(error) !== undefined || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code));
}
