import { open } from 'node:fs/promises';
import { checkpointText } from '../seals/seal.js';
import type { BackupHeader } from '../backup/backup-header.js';
import { BackupReading } from '../backup/backup-reading.js';
import { assertNotNewer, restore, type Restored } from '../backup/restore.js';
import type { Config } from '../platform/config/config.js';
import { loadConfig } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { openDatabase } from '../platform/database/open-database.js';
import { only } from './arguments.js';
import { EXIT, type Command, type CommandHost } from './command.js';
import { commandLog } from './command-log.js';

/**
 * Restores a backup into the database of the settings, which must be empty, or with `--dry-run` only checks the file. Exit
 * status 1 also where the restore is complete and the audit log of the backup has a fault.
 */
export const restoreCommand: Command = async (args, { dryRun, keepSessions }, host) => {
  const path = only(args, 'a file, or - for standard input');
  const { environment, problems } = await readEnvironment(undefined, undefined, false);
  const config = loadConfig(environment, problems);
  const file = path === '-' ? undefined : await open(path);
  try {
    const reading = await BackupReading.open(
      file?.createReadStream({ autoClose: false }) ?? host.input,
      config.keys,
    );
    assertNotNewer(reading.header);
    if (dryRun) {
      await readThrough(reading, host);
      return EXIT.done;
    }
    const done = await restoreInto(config, reading, keepSessions, host);
    host.out(asText(done));
    return done.audit.fault ? EXIT.refused : EXIT.done;
  } finally {
    await file?.close();
  }
};

async function readThrough(reading: BackupReading, { out }: CommandHost): Promise<void> {
  let pieces = 0;
  for await (const { rows } of reading.pieces()) pieces += rows.length > 0 ? 1 : 0;
  const { created_at: time, issuer, version, server_version: server } = reading.header;
  out(
    `The backup is whole: ${rowsOf(reading.header)} rows of ${reading.header.tables.length} tables in ${pieces} pieces, as ` +
      `they were at ${time}, of ${issuer} (Latchkey ${version}, PostgreSQL ${server}).\n`,
  );
}

async function restoreInto(
  config: Config,
  reading: BackupReading,
  keepSessions: boolean,
  { progress }: CommandHost,
): Promise<Restored> {
  const { url, dataDir } = config.database;
  const database = await openDatabase(config.database, commandLog());
  const howToEmpty =
    url === undefined
      ? `stop the service and move the folder ${dataDir}/postgres away`
      : 'create another database and name it in DATABASE_URL';
  const options = {
    keepSessions,
    howToEmpty,
    progress: (done: number, total: number) => progress(done, `${done} of ${total} rows`),
  };
  try {
    return await restore(reading, database.target, config, options);
  } finally {
    await database.close();
  }
}

function rowsOf({ tables }: BackupHeader): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

function asText({ header, ended, skipped, migrations, audit }: Restored): string {
  const { created_at: time } = header;
  const lines = [`Restored ${rowsOf(header)} rows, as they were at ${time}.`];
  if (skipped.length > 0) lines.push(`Left out, because Latchkey has no such tables: ${skipped.join(', ')}.`);
  if (migrations.length > 0)
    lines.push(`The backup was older; migrations that ran: ${migrations.join(', ')}.`);
  lines.push(...auditLines(audit));
  lines.push(
    ended
      ? `Ended ${ended.sessions} sessions and revoked every token that was issued until now: users log in again.`
      : 'Sessions go on. If the service ran after the backup, end them: latchkey revoke all --reason restored',
  );
  return `${lines.join('\n')}\n${revived(time)}`;
}

function auditLines({ fault, checkpoint }: Restored['audit']): string[] {
  if (fault)
    return [
      `The audit log of the backup has a fault: ${fault.message} (${fault.kind}). It was there at the time of the backup.`,
    ];
  return [`The audit log is complete.${checkpoint ? ` Checkpoint ${checkpointText(checkpoint)}` : ''}`];
}

/** The commands are documented in docs/operations.md, and a test runs them. */
function revived(time: string): string {
  return `
The restore undid every change since ${time}. The audit log of the former database lists the changes:
  latchkey audit list --since ${time}
Before the service takes requests, repeat those that must hold:
  latchkey users disable WHO; latchkey users delete WHO       accounts that were disabled or deleted
  latchkey users set-password WHO                             passwords that were changed because they had leaked
  latchkey users roles WHO ROLE...                            roles that were taken away
  latchkey clients rotate-secret ID --overlap 0               secrets of clients that had leaked
  latchkey clients delete ID                                  clients that were deleted
  latchkey keys rotate --compromised KID                      signing keys that were dropped
`;
}
