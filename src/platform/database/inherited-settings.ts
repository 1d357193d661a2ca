import { PINNED } from './session-settings.js';

/** A setting that sessions inherit from the database or the role, with an unusual value. */
export interface InheritedSetting {
  readonly name: string;
  readonly value: string;
  /** Whether Latchkey's sessions have a value of their own. */
  readonly overridden: boolean;
}

type Query = (sql: string, values: unknown[]) => Promise<Array<{ name: string; value: string }>>;

/** Settings that only a superuser may change, or that are the operator's choice, with the values that are a risk. */
const RISKY: Readonly<Record<string, RegExp>> = {
  session_replication_role: /^(?!origin$)/,
  synchronous_commit: /^off$/,
};

/**
 * The unusual settings that sessions of this database and role inherit.
 * @param pooled whether a pooler is in between, whose sessions keep what they inherit
 */
export async function inheritedSettings(query: Query, pooled: boolean): Promise<InheritedSetting[]> {
  // Raw: reads settings of the server, which belong to no table.
  const current = await query(
    `SELECT name, current_setting(name) AS value FROM pg_settings
      WHERE name = ANY ($2) OR name = ANY ($1) AND source IN ('database', 'user', 'database user')`,
    [Object.keys(RISKY), pooled ? Object.keys(PINNED) : []],
  );
  const risks = current.filter(({ name, value }) => isUnusual(name, value));
  if (pooled) return risks.map((setting) => ({ ...setting, overridden: false }));
  // Raw: reads the catalog. A setting of the role in this database wins over one of the role, and that over the database's.
  const given = await query(
    `SELECT DISTINCT ON (lower(name)) name, value
       FROM pg_db_role_setting s,
            LATERAL unnest(s.setconfig) AS config,
            LATERAL (SELECT split_part(config, '=', 1), substr(config, strpos(config, '=') + 1)) AS pair (name, value)
      WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
        AND lower(name) = ANY ($1)
      ORDER BY lower(name), s.setrole = 0, s.setdatabase = 0`,
    [Object.keys(PINNED).map((name) => name.toLowerCase())],
  );
  const overridden = given.filter(({ name, value }) => isUnusual(name, value));
  return [
    ...risks.map((setting) => ({ ...setting, overridden: false })),
    ...overridden.map((setting) => ({ ...setting, overridden: true })),
  ];
}

const USUAL = new Map(Object.entries(PINNED).map(([name, value]) => [name.toLowerCase(), value]));

function isUnusual(name: string, value: string): boolean {
  const usual = USUAL.get(name.toLowerCase());
  if (usual === undefined) return RISKY[name]?.test(value) === true;
  // Any zone may be a deployment's own; Latchkey's sessions do not depend on it.
  return name.toLowerCase() !== 'timezone' && plain(value) !== plain(usual);
}

/** `ISO`, `iso, mdy` and `"ISO, MDY"` are the same style; `1` and `on` are the same switch. */
function plain(value: string): string {
  return value
    .toLowerCase()
    .replaceAll(/["\s]/g, '')
    .replace(/,[a-z]{3}$/, '')
    .replace(/^(true|yes|1)$/, 'on');
}
