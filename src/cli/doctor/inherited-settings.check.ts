import { isPooled } from '../../platform/database/connection.js';
import { inheritedSettings, type InheritedSetting } from '../../platform/database/inherited-settings.js';
import type { DatabaseCheck } from './check.js';
import { risk } from './finding.js';

/** Undefined where sessions of this database inherit nothing unusual. */
export const inheritedSettingsCheck: DatabaseCheck = async ({ dataSource, target }) => {
  const query = (sql: string, values: unknown[]) =>
    dataSource.query<Array<{ name: string; value: string }>>(sql, values);
  const found = await inheritedSettings(query, isPooled(target));
  if (found.length === 0) return undefined;
  const inForce = found.filter(({ overridden }) => !overridden);
  const [first] = inForce.length > 0 ? inForce : found;
  const says = `sessions inherit ${found.map(text).join(', ')}`;
  const remedy = `ALTER DATABASE … RESET ${first?.name}, or ALTER ROLE … RESET ${first?.name}`;
  return risk(
    'inherited',
    says,
    inForce.length > 0 ? remedy : `${remedy}, where other programs suffer from it`,
  );
};

function text({ name, value, overridden }: InheritedSetting): string {
  return `${name}=${value}${overridden ? ' (not used by Latchkey)' : ''}`;
}
