import type { DatabaseCheck } from './check.js';
import { good, risk } from './finding.js';

export const migrationsCheck: DatabaseCheck = ({ pending }) => {
  if (pending.length === 0) return good('migrations', 'the database is up to date');
  const says = `${pending.length} pending: ${pending.join(', ')}`;
  return risk('migrations', says, 'npm run latchkey -- migrate (a start also migrates)');
};
