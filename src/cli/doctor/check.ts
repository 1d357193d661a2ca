import type { DataSource } from 'typeorm';
import type { Config } from '../../platform/config/config.js';
import type { ConnectionTarget } from '../../platform/database/connection.js';
import type { DatabaseClock } from '../../platform/database/database-clock.js';
import type { Finding } from './finding.js';

/** Undefined if the check has nothing to report. */
export type SettingsCheck = (config: Config) => Finding | undefined;

/** A database that answers, with the facts that several checks read. */
export interface InspectedDatabase {
  readonly dataSource: DataSource;
  /** Adjusted to the database's time. */
  readonly clock: DatabaseClock;
  /** The names of the migrations that have not run. */
  readonly pending: readonly string[];
  readonly config: Config;
  readonly target: ConnectionTarget;
}

/** Undefined if the check has nothing to report. */
export type DatabaseCheck = (
  database: InspectedDatabase,
) => Finding | undefined | Promise<Finding | undefined>;
