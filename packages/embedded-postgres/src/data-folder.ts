import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** The paths that the embedded server uses; all absolute and without symbolic links. */
export interface DataFolder {
  readonly root: string;
  /** The database cluster (PGDATA). It is always complete: it is created under another name and then renamed. */
  readonly cluster: string;
  /** The folder of the sockets and the watchdog's address; its contents are worthless without the running server. */
  readonly run: string;
  /** The file with the address of the running server's watchdog. */
  readonly state: string;
  /** The server's own log. */
  readonly log: string;
}

/** Always false on Windows, which has no uid. */
export const isRoot = process.getuid?.() === 0;

/**
 * Creates the data folder when it is missing and returns its paths.
 * @throws EmbeddedPostgresError when the folder cannot be created or entered
 */
export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  try {
    const created = await mkdir(resolve(dataDir), { recursive: true, mode: 0o700 });
    if (created !== undefined && isRoot) await letPass(created, resolve(dataDir));
    const root = await realpath(dataDir);
    return {
      root,
      cluster: join(root, 'postgres'),
      run: join(root, 'run'),
      state: join(root, 'run', 'watchdog.json'),
      log: join(root, 'postgres.log'),
    };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The data folder ${resolve(dataDir)} cannot be used (${(cause as Error).message}). ` +
        'Choose a folder this account may write to, or set DATABASE_URL to use a PostgreSQL server of your own.',
      { cause },
    );
  }
}

/**
 * Lets every account pass through the folders from the topmost new one to the last: as root the server runs under another
 * account. The entries keep their modes.
 */
async function letPass(topmost: string, last: string): Promise<void> {
  for (let path = last; path.startsWith(topmost); path = dirname(path)) await chmod(path, 0o711);
}
