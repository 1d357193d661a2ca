import { administratorText, banner, startFields, type StartFacts } from './banner.js';
import { publishTracing, readEnvironment } from '../platform/config/environment.js';
import { ConfigError, loadConfig } from '../platform/config/env.schema.js';
import { unavailableDatabase } from '../platform/database/connection.js';
import { DATABASE_WAIT_MS, openDatabase } from '../platform/database/open-database.js';
import { AppError } from '../platform/kernel/app-error.js';
import { reportCrashes } from './crashes.js';
import { createLog, type Log } from '../platform/kernel/log.js';
import { configOfWorker, isFirst, isPrimary, tellStarted, workerNumber, Workers } from './workers.js';

/** sysexits.h EX_CONFIG and EX_UNAVAILABLE. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;

async function main(): Promise<void> {
  const { environment, problems, generatedInto } = await readEnvironment();
  const config = configOfWorker(loadConfig(environment, problems));
  const log = createLog({ ...config.log, worker: workerNumber() });
  reportCrashes(log);
  if (isPrimary(config)) {
    new Workers(config, log).start();
    return;
  }
  if (config.tracing) publishTracing(environment);
  // The application's code takes as long to load as an embedded database to start, in another process.
  const [database, { startService }] = await Promise.all([
    openDatabase(config.database, log, DATABASE_WAIT_MS),
    import('./start-service.js'),
  ]);
  const service = await startService(config, log, database);
  announce(log, {
    config,
    ...service,
    database: database.description,
    generatedSecretIn: generatedInto,
  });
  tellStarted();
}

function announce(log: Log, facts: StartFacts): void {
  const pretty = facts.config.log.format === 'pretty';
  if (!pretty) process.stderr.write(administratorText(facts.administrator));
  log.info(startFields(facts), 'listening');
  if (pretty && isFirst()) process.stdout.write(banner(facts));
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
  // A worker binds; it is the primary that listens.
  if (syscall === 'listen' || syscall === 'bind')
    return `port ${String(port)} of ${String(address)} cannot be used (${String(code)})`;
  if (typeof path === 'string' && syscall !== 'connect')
    return `${path} cannot be read or written (${String(code)})`;
  if (isDatabaseError(error)) {
    const where =
      typeof address === 'string' ? ` at ${address}${typeof port === 'number' ? `:${port}` : ''}` : '';
    // Where the time was up there is no code: nothing was answered.
    const what = typeof code === 'string' ? `answered ${code}` : 'did not answer in time';
    return `the database ${what}${where}; check DATABASE_URL and that PostgreSQL is up`;
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
