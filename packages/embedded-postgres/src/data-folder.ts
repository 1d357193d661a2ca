import { chmod, mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** Every path the embedded server uses; all absolute and free of symbolic links. */
export interface DataFolder {
  readonly root: string;
  /** The database cluster (PGDATA). It exists only in full: it is made under another name and renamed. */
  readonly cluster: string;
  /** Sockets and the watchdog's address; nothing in it outlives the server. */
  readonly run: string;
  /** Where the watchdog of the running server can be reached. */
  readonly state: string;
  /** The server's own log. */
  readonly log: string;
}

/** Windows has no file modes to speak of, and no uid 0. */
export const isRoot = process.getuid?.() === 0;

/**
 * Makes the data folder when it is missing and returns its paths.
 * @throws EmbeddedPostgresError when the folder cannot be made or entered
 */
export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  try {
    const made = await mkdir(resolve(dataDir), { recursive: true, mode: 0o700 });
    // Root's server runs under another account, which has to pass through; every entry keeps its own mode.
    if (made && isRoot) await chmod(resolve(dataDir), 0o711);
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
