import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import packageJson from '../../package.json' with { type: 'json' };
import type { BackupHeader } from '../backup/backup-header.js';
import { withBackup } from '../backup/backup.js';
import { loadConfig } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { openDatabase } from '../platform/database/open-database.js';
import { only } from './arguments.js';
import { EXIT, UsageError, type Command, type CommandHost } from './command.js';
import { commandLog } from './command-log.js';

/** Only the owner may read the file, because it holds password hashes. */
const OWNER_ONLY = 0o600;

/** Writes a backup of the database to a new file or to standard output. An incomplete file is removed. */
export const backupCommand: Command = async (args, { force }, host) => {
  const path = only(args, 'a file, or - for standard output');
  if (path === '-' && (host.stream as CommandHost['stream'] & { isTTY?: boolean }).isTTY)
    throw new UsageError('standard output is a terminal: name a file, or redirect the output');
  const { environment, problems } = await readEnvironment(undefined, undefined, false);
  const config = loadConfig(environment, problems);
  const database = await openDatabase(config.database, commandLog());
  try {
    const options = {
      version: packageJson.version,
      progress: (done: number, total: number) => host.progress(done, `${done} of ${total} rows`),
    };
    const header = await withBackup(database.target, config, options, async (backup) => {
      if (path === '-') await pipeline(backup.bytes, host.stream, { end: false });
      else await toFile(path, backup.bytes, force);
      return backup.header;
    });
    (path === '-' ? host.err : host.out)(summary(header, path === '-' ? 'standard output' : path));
    return EXIT.done;
  } finally {
    await database.close();
  }
};

/** With `force` the former file stays until the new one is complete. */
async function toFile(path: string, bytes: AsyncIterable<Buffer>, force: boolean): Promise<void> {
  const draft = force ? `${path}.${randomBytes(4).toString('hex')}` : path;
  const file = await open(draft, 'wx', OWNER_ONLY);
  try {
    await pipeline(bytes, file.createWriteStream({ flush: true }));
    if (force) await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function summary({ tables, created_at: time, secret }: BackupHeader, where: string): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return (
    `${rows} rows of ${tables.length} tables, as they were at ${time}, written to ${where}.\n` +
    `It holds password hashes. Keep the root secret (fingerprint ${secret}) elsewhere: a restore needs it.\n`
  );
}
