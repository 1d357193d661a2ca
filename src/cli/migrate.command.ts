import { loadConfig } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { migrate, pendingMigrations } from '../platform/database/migrate.js';
import { openDatabase } from '../platform/database/open-database.js';
import { EXIT, type Command } from './command.js';
import { commandLog } from './command-log.js';

const WAIT_MS = 5000;

/** Runs or lists the pending migrations. Uses the embedded server of the data folder if it runs already. */
export const migrateCommand: Command = async (_args, { plan, json }, { out }) => {
  const { environment, problems } = await readEnvironment();
  const { database: config } = loadConfig(environment, problems);
  const log = commandLog();
  const database = await openDatabase(config, log);
  try {
    const names = await (plan ? pendingMigrations : migrate)(database.target, config, { waitMs: WAIT_MS });
    out(json ? `${JSON.stringify({ plan, migrations: names })}\n` : asText(names, plan));
    return EXIT.done;
  } finally {
    await database.close();
  }
};

function asText(names: readonly string[], plan: boolean): string {
  if (names.length === 0) return 'The database is up to date.\n';
  return `${plan ? 'Would run' : 'Ran'}:\n${names.map((name) => `  ${name}`).join('\n')}\n`;
}
