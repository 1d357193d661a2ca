import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../app/create-app.js';
import { FirstAdministrator, type CreatedAdministrator } from '../accounts/first-administrator.js';
import type { Config } from '../platform/config/config.js';
import { DatabaseClock } from '../platform/database/database-clock.js';
import { migrate } from '../platform/database/migrate.js';
import { DATABASE_WAIT_MS, type OpenDatabase } from '../platform/database/open-database.js';
import type { Log } from '../platform/kernel/log.js';
import { KeyRing } from '../keys/key-ring.js';
import { MetricsServer } from '../platform/metrics/metrics.server.js';
import type { Tracing } from '../platform/metrics/tracing.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { drain } from './drain.js';

/** The service while it runs in this process. */
export interface RunningService {
  readonly url: string;
  /** Where the metrics are; undefined without `METRICS_PORT`. */
  readonly metricsUrl: string | undefined;
  readonly keyFingerprint: string;
  /** Made by this start, and shown this one time. */
  readonly administrator: CreatedAdministrator | undefined;
}

/**
 * Brings the database up to date, makes the application and listens. SIGTERM and SIGINT from then on answer what is
 * under way, close the database and end the process.
 * @throws the database's or the system's error; the database is closed then
 */
export async function startService(
  config: Config,
  log: Log,
  database: OpenDatabase,
): Promise<RunningService> {
  const { app, tracing } = await create(config, log, database);
  stopOnSignal(app, config, log, async () => {
    await tracing?.stop();
    await database.close();
  });
  await app.listen(config.http.port, config.http.host);
  return {
    url: (await app.getUrl()).replace('127.0.0.1', 'localhost'),
    metricsUrl: app.get(MetricsServer).url,
    keyFingerprint: app.get(KeyRing).current().kid,
    // Only once the start has succeeded: a generated password is shown a single time.
    administrator: await generatedAdministrator(app, config),
  };
}

async function create(
  config: Config,
  log: Log,
  database: OpenDatabase,
): Promise<{ app: NestFastifyApplication; tracing: Tracing | undefined }> {
  try {
    // Loaded only where it is asked for.
    const tracing =
      config.tracing && (await import('../platform/metrics/tracing.js')).startTracing(config.tracing, log);
    const ran = await migrate(database.target, config.database, { waitMs: DATABASE_WAIT_MS });
    if (ran.length > 0) log.info({ migrations: ran }, 'migrated the database');
    const app = await createApp({ config, target: database.target, clock: new DatabaseClock(), log });
    await app.get(PasswordHasher).prepare();
    await givenAdministrator(app, config);
    return { app, tracing };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Runs before the server listens: a refused administrator fails the start. */
async function givenAdministrator(app: NestFastifyApplication, { bootstrap }: Config): Promise<void> {
  const { email, password } = bootstrap;
  if (email !== undefined && password !== undefined) {
    await app.get(FirstAdministrator).ensure({ email, password });
  }
}

async function generatedAdministrator(
  app: NestFastifyApplication,
  { bootstrap, production }: Config,
): Promise<CreatedAdministrator | undefined> {
  if (production || bootstrap.email !== undefined) return undefined;
  return app.get(FirstAdministrator).ensure(undefined);
}

function stopOnSignal(
  app: NestFastifyApplication,
  config: Config,
  log: Log,
  afterwards: () => Promise<void>,
): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    void drain(app, config.http.shutdownDelayMs)
      .then(afterwards)
      .then(() => log.info('stopped'))
      .catch((error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exitCode = 1;
      })
      .finally(() => process.exit());
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}
