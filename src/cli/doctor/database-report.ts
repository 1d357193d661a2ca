import { existsSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { SigningKeyRow } from '../../keys/signing-key.entity.js';
import type { Config } from '../../platform/config/config.js';
import { ConfigError } from '../../platform/config/env.schema.js';
import { databaseRefusal } from '../../platform/database/database-fault.js';
import { DatabaseClock } from '../../platform/database/database-clock.js';
import { dataSourceOptions } from '../../platform/database/data-source.js';
import { pendingMigrations } from '../../platform/database/migrate.js';
import { openDatabase, type OpenDatabase } from '../../platform/database/open-database.js';
import { createLog } from '../../platform/kernel/log.js';
import type { DatabaseCheck, InspectedDatabase } from './check.js';
import { DATABASE_CHECKS, ROW_CHECKS } from './checks.js';
import { fault, good, type Finding } from './finding.js';

const WAIT_MS = 0;

/** Runs the checks of the database. A database that cannot be reached is a finding, and no error. */
export async function databaseReport(config: Config): Promise<Finding[]> {
  if (config.database.url === undefined && !existsSync(config.database.dataDir))
    return [good('database', `none in ${config.database.dataDir} yet; the first start creates one`)];
  let opened: OpenDatabase | undefined;
  let dataSource: DataSource | undefined;
  try {
    opened = await openDatabase(config.database, createLog({ level: 'silent', format: 'json' }));
    const options = dataSourceOptions(opened.target, config.database, [SigningKeyRow]);
    dataSource = await new DataSource(options).initialize();
    const clock = new DatabaseClock();
    await clock.measure(dataSource);
    const pending = await pendingMigrations(opened.target, config.database, { waitMs: WAIT_MS });
    const database = { dataSource, clock, pending, config, target: opened.target };
    const rows = pending.length === 0 ? ROW_CHECKS : [];
    return await inOrder([...DATABASE_CHECKS, ...rows], database);
  } catch (error) {
    return [faultOf(error)];
  } finally {
    await dataSource?.destroy();
    await opened?.close();
  }
}

async function inOrder(checks: readonly DatabaseCheck[], database: InspectedDatabase): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    const finding = await check(database);
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

function faultOf(error: unknown): Finding {
  const { code, message } = error as { code?: string; message: string };
  const problem = error instanceof ConfigError ? message : databaseRefusal(error);
  if (problem !== undefined) {
    const [, says = problem, fix = ''] = /^(.*?)[:;] (.*)$/s.exec(problem) ?? [];
    return fault('database', says, fix);
  }
  const says = code === undefined ? message : `it cannot be reached (${code})`;
  return fault('database', says, 'check DATABASE_URL, and that PostgreSQL runs and accepts this user');
}
