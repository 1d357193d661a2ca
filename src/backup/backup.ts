// Owns: backups of the whole database and their restore, for the command line. May import: audit, keys, platform, access.
// Never: serves a request, or knows the columns of a table but for those in numbered-columns.ts.
import { escapeIdentifier, type Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Config } from '../platform/config/config.js';
import { clientOptions, type ConnectionTarget } from '../platform/database/connection.js';
import { MIGRATION_NAMES } from '../platform/database/data-source.js';
import { DatabaseClock } from '../platform/database/database-clock.js';
import { withDataSource } from '../platform/database/migrate.js';
import { PinnedClient } from '../platform/database/pinned-client.js';
import { startupSettings } from '../platform/database/session-settings.js';
import { OPERATOR } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import type { BackupHeader, BackupTable } from './backup-header.js';
import { newSalt, secretFingerprint } from './backup-seal.js';
import { backupBytes } from './backup-writing.js';
import { NUMBERED_ANEW } from './numbered-columns.js';
import {
  columnList,
  linesIn,
  migrationsOf,
  partitionsOf,
  sequencesOf,
  tablesOf,
  useCopySettings,
  type CatalogTable,
} from './schema-catalog.js';

export interface BackupOptions {
  /** The version of Latchkey. */
  readonly version: string;
  /** Is called with the number of rows read so far, of all tables. */
  readonly progress: (done: number, total: number) => void;
}

export interface Backup {
  readonly header: BackupHeader;
  /** The backup itself; reading it to its end is the backup. @throws the database's error */
  readonly bytes: AsyncIterable<Buffer>;
}

/**
 * A backup of every table in one snapshot (REPEATABLE READ, READ ONLY). Requests are served meanwhile; changes of the
 * schema wait. Memory does not depend on the number of rows.
 * @param use reads the backup to its end
 * @throws BackupFault where the database holds no Latchkey; the database's error
 */
export async function withBackup<T>(
  target: ConnectionTarget,
  config: Pick<Config, 'keys' | 'tokens' | 'database'>,
  options: BackupOptions,
  use: (backup: Backup) => Promise<T>,
): Promise<T> {
  const client = new PinnedClient({
    ...clientOptions(target),
    startup: startupSettings(target),
    application_name: 'latchkey backup',
    keepAlive: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await recordBackup(client, target, config);
    const header = await openSnapshot(client, config, options.version);
    const rows = counted(header, options.progress);
    const bytes = backupBytes(header, config.keys, (table) => rows(rowsOf(client, table)));
    return await use({ header, bytes });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Records the backup before it reads: one that is broken off has taken hashes out too. Nothing is written to a database
 * that waits for its migrations.
 */
async function recordBackup(
  client: Client,
  target: ConnectionTarget,
  { keys, database }: Pick<Config, 'keys' | 'database'>,
): Promise<void> {
  const ran = await migrationsOf(client);
  if (MIGRATION_NAMES.some((name) => !ran.includes(name))) return;
  await withDataSource(target, database, { waitMs: 0 }, async (dataSource) => {
    const clock = new DatabaseClock();
    await clock.measure(dataSource);
    const audit = AuditService.on(dataSource.manager, keys, clock);
    const subject = { kind: 'database', id: '*' } as const;
    await audit.record(dataSource, { action: 'backup.created', actor: OPERATOR.subject, subject });
  });
}

/** Locks the tables before the snapshot is taken: retention could otherwise drop a month in between. */
async function openSnapshot(
  client: Client,
  { keys, tokens }: Pick<Config, 'keys' | 'tokens'>,
  version: string,
): Promise<BackupHeader> {
  const names = (await tablesOf(client)).map(({ name }) => escapeIdentifier(name));
  // Raw: the snapshot of the backup.
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await useCopySettings(client);
  if (names.length > 0) await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
  const migrations = await migrationsOf(client);
  const tables: BackupTable[] = [];
  for (const table of await tablesOf(client)) tables.push({ ...table, rows: await countOf(client, table) });
  // Raw: the server's clock and version.
  const { rows } = await client.query<{ now: Date; version: string }>(
    `SELECT now(), current_setting('server_version') AS version`,
  );
  return {
    created_at: (rows[0]?.now ?? new Date(0)).toISOString(),
    version,
    server_version: rows[0]?.version ?? '',
    issuer: tokens.issuer,
    migrations,
    secret: secretFingerprint(keys),
    salt: newSalt(),
    tables,
    partitions: await partitionsOf(client),
    sequences: await sequencesOf(client),
  };
}

async function countOf(client: Client, { name }: CatalogTable): Promise<number> {
  // Raw: a table of any name.
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${escapeIdentifier(name)}`);
  return Number(rows[0]?.count ?? 0);
}

function rowsOf(client: Client, table: BackupTable): AsyncIterable<Buffer> {
  const order = NUMBERED_ANEW[table.name]?.order;
  const rows = `SELECT ${columnList(table)} FROM ${escapeIdentifier(table.name)}${order ? ` ORDER BY ${order}` : ''}`;
  // Raw: COPY.
  return client.query(copyTo(`COPY (${rows}) TO STDOUT`));
}

/** Reports how many rows have passed. */
function counted(header: BackupHeader, progress: BackupOptions['progress']) {
  const total = header.tables.reduce((sum, { rows }) => sum + rows, 0);
  let done = 0;
  return async function* (rows: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of rows) {
      done += linesIn(chunk);
      progress(done, total);
      yield chunk;
    }
  };
}
