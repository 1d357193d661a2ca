import { isPooled, type ConnectionTarget, type PoolSettings } from './connection.js';

/**
 * Settings of a session that every pooler keeps for its clients; the driver adds client_encoding. Times are read as ISO.
 */
const TRACKED = { DateStyle: 'ISO, MDY', TimeZone: 'UTC', standard_conforming_strings: 'on' } as const;

/** What else statements depend on: how values are written and read, and what a statement may do. */
const STATEMENT = {
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
  exit_on_error: 'off',
  row_security: 'on',
  client_min_messages: 'notice',
  lock_timeout: '0',
} as const;

/** Defaults of transactions and of the whole session. */
const SESSION = {
  search_path: '"$user", public',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  idle_session_timeout: '0',
} as const;

/** PostgreSQL 17 ends transactions after this time; statements have a limit of their own. */
const SINCE_17 = { transaction_timeout: '0' } as const;
const VERSION_17 = 170_000;

/**
 * The values that Latchkey's sessions have, whatever `ALTER DATABASE` and `ALTER ROLE … SET` say. Left as the operator
 * sets them: how statements are planned, logged and replicated, where tables lie, and the role.
 */
export const PINNED: Readonly<Record<string, string>> = { ...TRACKED, ...STATEMENT, ...SESSION, ...SINCE_17 };

/**
 * The settings that a connection sends when it starts, by name. Poolers refuse a connection with any but the tracked
 * ones; the other settings are then set in each transaction, see {@link transactionSettings}.
 */
export function startupSettings(target: ConnectionTarget): Readonly<Record<string, string>> {
  if (isPooled(target)) return TRACKED;
  const since17 = (target.version ?? 0) >= VERSION_17 ? SINCE_17 : {};
  return { ...TRACKED, ...STATEMENT, ...SESSION, ...since17 };
}

/** Statements that set, for one transaction, what a pooler does not let a connection set; they must come first in it. */
export function transactionSettings({ statementTimeoutMs }: PoolSettings): string {
  const settings = {
    transaction_isolation: 'read committed',
    ...STATEMENT,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
  };
  return Object.entries(settings)
    .map(([name, value]) => `SET LOCAL ${name} TO '${value}'`)
    .join('; ');
}
