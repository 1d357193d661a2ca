import { administratorText, banner, startFields, type StartFacts } from './banner.js';
import { publishTracing, readEnvironment, readWarnings } from '../platform/config/environment.js';
import { loadConfig } from '../platform/config/env.schema.js';
import { sharedRoot } from '../platform/config/secret-settings.js';
import { DATABASE_WAIT_MS, openDatabase } from '../platform/database/open-database.js';
import { reportCrashes } from './crashes.js';
import { startError } from './start-error.js';
import { createLog, type Log } from '../platform/kernel/log.js';
import { configOfWorker, isFirst, isPrimary, reportStarted, workerNumber, Workers } from './workers.js';

async function main(): Promise<void> {
  const { environment, problems, generatedInto } = await readEnvironment();
  const config = configOfWorker(loadConfig(environment, problems));
  const log = createLog({ ...config.log, worker: workerNumber() });
  reportCrashes(log);
  // The primary has told them for its workers.
  if (workerNumber() === undefined)
    for (const { setting, message } of readWarnings()) log.warn({ setting }, `${setting} ${message}`);
  if (isPrimary(config)) {
    new Workers(config, log).start();
    return;
  }
  if (config.tracing) publishTracing(environment);
  // Loading the application takes as long as starting the embedded database, so both run at the same time.
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
  reportStarted();
}

function announce(log: Log, facts: StartFacts): void {
  const pretty = facts.config.log.format === 'pretty';
  if (!pretty) process.stderr.write(administratorText(facts.administrator, facts.url));
  const shared = sharedRoot(facts.config.keys);
  if (shared) log.warn(`${shared.says}: ${shared.fix}`);
  log.info(startFields(facts), 'listening');
  if (pretty && isFirst()) process.stdout.write(banner(facts));
}

main().catch((error: unknown) => {
  const { text, exitCode } = startError(error);
  process.stderr.write(text);
  process.exit(exitCode);
});
