import { serverVersion } from '../../platform/database/server-version.js';
import type { DatabaseCheck } from './check.js';
import { fault, good } from './finding.js';

const OLDEST_POSTGRES = 140_000;

export const postgresVersionCheck: DatabaseCheck = async ({ dataSource }) => {
  const { version, number } = await serverVersion(dataSource.manager);
  const says = `PostgreSQL ${version}`;
  if (number >= OLDEST_POSTGRES) return good('database', says);
  return fault('database', says, 'use PostgreSQL 14 or newer');
};
