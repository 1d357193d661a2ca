import pg, { type Client } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { Initial1763769600000 } from '../../../migrations/1763769600000-initial.js';
import { SigningKeys1763773200000 } from '../../../migrations/1763773200000-signing-keys.js';
import { AuditEvents1763776800000 } from '../../../migrations/1763776800000-audit-events.js';
import { RateLimits1763780400000 } from '../../../migrations/1763780400000-rate-limits.js';
import { Clients1763784000000 } from '../../../migrations/1763784000000-clients.js';
import { EmailKeyInC1763787600000 } from '../../../migrations/1763787600000-email-key-in-c.js';
import { IndexesAtScale1763791200000 } from '../../../migrations/1763791200000-indexes-at-scale.js';
import { SigningKeyMac1763794800000 } from '../../../migrations/1763794800000-signing-key-mac.js';
import { DeviceVersion1763795800000 } from '../../../migrations/1763795800000-device-version.js';
import { Audiences1763798400000 } from '../../../migrations/1763798400000-audiences.js';
import { ImportedUsers1763805600000 } from '../../../migrations/1763805600000-imported-users.js';
import { AuditHandovers1763802000000 } from '../../../migrations/1763802000000-audit-handovers.js';
import { AccessLifetimes1763803000000 } from '../../../migrations/1763803000000-access-lifetimes.js';
import { EmailVerified1763809200000 } from '../../../migrations/1763809200000-email-verified.js';
import { ParentConsumedAt1763810200000 } from '../../../migrations/1763810200000-parent-consumed-at.js';
import { LiveSessions1763811200000 } from '../../../migrations/1763811200000-live-sessions.js';
import { OneKeyPerName1763812200000 } from '../../../migrations/1763812200000-one-key-per-name.js';
import { PasswordChangeRequired1763813200000 } from '../../../migrations/1763813200000-password-change-required.js';
import { BrowserSessions1763820000000 } from '../../../migrations/1763820000000-browser-sessions.js';
import { isPooled, type ConnectionTarget, type PoolSettings } from './connection.js';
import { IdlePool } from './idle-pool.js';
import { startupSettings } from './session-settings.js';

/** Every migration, oldest first; a landed one is never edited. */
const MIGRATIONS = [
  Initial1763769600000,
  SigningKeys1763773200000,
  AuditEvents1763776800000,
  RateLimits1763780400000,
  Clients1763784000000,
  EmailKeyInC1763787600000,
  IndexesAtScale1763791200000,
  SigningKeyMac1763794800000,
  DeviceVersion1763795800000,
  Audiences1763798400000,
  ImportedUsers1763805600000,
  AuditHandovers1763802000000,
  AccessLifetimes1763803000000,
  EmailVerified1763809200000,
  ParentConsumedAt1763810200000,
  LiveSessions1763811200000,
  OneKeyPerName1763812200000,
  PasswordChangeRequired1763813200000,
  BrowserSessions1763820000000,
];

/** The names of every migration, oldest first. */
export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map((Migration) => new Migration().name);

/**
 * The options of every connection to PostgreSQL: the application, the command line and the tests share them.
 * Rooms register their entities with `TypeOrmModule.forFeature`; callers without an application pass `entities`. The
 * schema comes from migrations alone. The server cancels statements after `statementTimeoutMs`. Poolers refuse or ignore
 * that setting, so behind a pooler only statements in transactions are cancelled; see transaction.ts.
 */
export function dataSourceOptions(
  target: ConnectionTarget,
  pool: PoolSettings,
  entities: ReadonlyArray<abstract new () => object> = [],
) {
  const serverLimitMs = isPooled(target) ? undefined : pool.statementTimeoutMs;
  return {
    type: 'postgres',
    driver: { ...pg, Pool: IdlePool },
    ...where(target),
    applicationName: 'latchkey',
    entities: [...entities],
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    synchronize: false,
    logging: false,
    connectTimeoutMS: pool.connectTimeoutMs,
    poolSize: pool.poolSize,
    // Ignores lost idle connections: the next query opens a new one, and readiness reports a lost database.
    poolErrorHandler: () => undefined,
    extra: {
      startup: startupSettings(target),
      statement_timeout: serverLimitMs,
      // When the server does not answer at all, the client gives up one second after the server should have.
      query_timeout: pool.statementTimeoutMs + 1000,
      idle_in_transaction_session_timeout: serverLimitMs,
      keepAlive: true,
      // While the pool hands a connection over, neither the pool nor TypeORM listens to its errors, and an unhandled
      // error event would end the process. The caller's first query fails with the same error.
      onConnect: (client: Client) => {
        client.on('error', () => undefined);
      },
    },
  } as const satisfies DataSourceOptions;
}

function where(target: ConnectionTarget) {
  if ('url' in target) return { url: target.url };
  const { host, port, user, password, database } = target;
  return { host, port, username: user, password, database };
}
