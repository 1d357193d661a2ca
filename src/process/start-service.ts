import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { lookup } from 'node:dns/promises';
import { createApp } from '../app/create-app.js';
import { FirstAdministrator, type CreatedAdministrator } from '../accounts/first-administrator.js';
import type { Config } from '../platform/config/config.js';
import { ConfigError } from '../platform/config/env.schema.js';
import { DatabaseClock } from '../platform/database/database-clock.js';
import { migrate } from '../platform/database/migrate.js';
import { DATABASE_WAIT_MS, type OpenDatabase } from '../platform/database/open-database.js';
import type { Log } from '../platform/kernel/log.js';
import { KeyRing, type SigningPlan } from '../keys/key-ring.js';
import { MetricsServer } from '../platform/metrics/metrics.server.js';
import type { Tracing } from '../platform/metrics/tracing.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { drain } from './drain.js';

/** The service while it runs in this process. */
export interface RunningService {
  readonly url: string;
  /** The URL of the metrics; undefined without `METRICS_PORT`. */
  readonly metricsUrl: string | undefined;
  readonly signing: SigningPlan;
  /** The administrator that this start generated, shown only once. */
  readonly administrator: CreatedAdministrator | undefined;
}

/**
 * Migrates the database, makes the application and listens. After that, SIGTERM and SIGINT let open requests finish, close
 * the database and end the process.
 * @throws the database's or the system's error; a start that fails before listening closes the database
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
    signing: app.get(KeyRing).plan(),
    // Generated after the start has succeeded, because the password is shown only once.
    administrator: await ensureGeneratedAdministrator(app, config),
  };
}

async function create(
  config: Config,
  log: Log,
  database: OpenDatabase,
): Promise<{ app: NestFastifyApplication; tracing: Tracing | undefined }> {
  try {
    await assertKnown(config.http.host);
    // Loaded only when traces are exported, because OpenTelemetry takes memory.
    const tracing =
      config.tracing && (await import('../platform/metrics/tracing.js')).startTracing(config.tracing, log);
    const ran = await migrate(database.target, config.database, { waitMs: DATABASE_WAIT_MS });
    if (ran.length > 0) log.info({ migrations: ran }, 'migrated the database');
    const app = await createApp({ config, target: database.target, clock: new DatabaseClock(), log });
    await app.get(PasswordHasher).prepare();
    await ensureConfiguredAdministrator(app, config);
    return { app, tracing };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Refuses a host name without an address before anything looks for the database's fault in it. @throws ConfigError */
async function assertKnown(host: string): Promise<void> {
  await lookup(host).catch(({ code }: NodeJS.ErrnoException) => {
    throw new ConfigError([
      { setting: 'HOST', message: `is a name without an address on this machine (${code})` },
    ]);
  });
}

/** Runs before the server listens: a refused administrator fails the start. */
async function ensureConfiguredAdministrator(
  app: NestFastifyApplication,
  { bootstrap }: Config,
): Promise<void> {
  const { email, password } = bootstrap;
  if (email !== undefined && password !== undefined) {
    await app.get(FirstAdministrator).ensure({ email, password });
  }
}

async function ensureGeneratedAdministrator(
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
  closeRest: () => Promise<void>,
): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    void drain(app, config.http.shutdownDelayMs)
      .then(closeRest)
      .then(() => log.info('stopped'))
      .catch((error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exitCode = 1;
      })
      .finally(() => process.exit());
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}
