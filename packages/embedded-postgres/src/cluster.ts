import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Binaries, USE_YOUR_OWN } from './binaries.js';
import type { DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { DRAFT_PREFIX, waitForTurn } from './first-start.js';
import type { Runner } from './unprivileged.js';

/** The superuser of every embedded cluster, and the owner of the application's database. */
export const SUPERUSER = 'latchkey';

const PASSWORD_FILE = 'latchkey.password';

/**
 * Makes the database cluster if there is none. It appears in full or not at all, also when several processes
 * do this at once or one is killed on the way.
 * @param durable false leaves out the final sync to disk: for tests
 * @throws EmbeddedPostgresError when initdb fails, or the folder holds something else
 */
export async function ensureCluster(
  folder: DataFolder,
  binaries: Binaries,
  runner: Runner,
  durable: boolean,
): Promise<void> {
  if (!(await isPresent(folder))) {
    const unlock = await waitForTurn(folder.root, () => isPresent(folder));
    try {
      if (!(await isPresent(folder))) await createCluster(folder, binaries, runner, durable);
    } finally {
      await unlock();
    }
  }
  await checkMajor(folder, binaries);
}

/** @throws EmbeddedPostgresError when this account may not read it */
export async function readPassword(folder: DataFolder): Promise<string> {
  const path = join(folder.cluster, PASSWORD_FILE);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The password of the embedded database cannot be read from ${path} (${(cause as Error).message}). ` +
        'Start Latchkey under the account that made the folder, or as root.',
      { cause },
    );
  }
}

async function isPresent(folder: DataFolder): Promise<boolean> {
  return await access(join(folder.cluster, 'PG_VERSION')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      // EACCES: the cluster is another account's; the password's message says so.
      return error.code === 'EACCES';
    },
  );
}

async function checkMajor(folder: DataFolder, binaries: Binaries): Promise<void> {
  const found = (await readFile(join(folder.cluster, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (found === '' || found === binaries.major) return;
  throw new EmbeddedPostgresError(
    `The database in ${folder.cluster} was made by PostgreSQL ${found}; the installed package is ` +
      `PostgreSQL ${binaries.major}. Install the packages of the earlier release, dump the data with pg_dump, ` +
      'move the folder away and restore the dump.',
  );
}

async function createCluster(
  folder: DataFolder,
  binaries: Binaries,
  runner: Runner,
  durable: boolean,
): Promise<void> {
  const found = await readdir(folder.cluster).catch(() => []);
  if (found.length > 0) throw inTheWay(folder);
  const draft = join(folder.root, `${DRAFT_PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(draft, { mode: 0o700 });
    const password = randomBytes(24).toString('base64url');
    await writeFile(join(draft, 'password'), password, { mode: 0o600, flush: true });
    await runner.give(join(draft, 'password'));
    await runner.give(draft);
    await runInitdb(draft, binaries, runner, durable);
    // The password travels inside the cluster, so that one rename makes both visible.
    await rename(join(draft, 'password'), join(draft, 'data', PASSWORD_FILE));
    await publish(join(draft, 'data'), folder, durable);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function runInitdb(draft: string, binaries: Binaries, runner: Runner, durable: boolean): Promise<void> {
  const { file, args } = runner.command(binaries.initdb, [
    `--pgdata=${join(draft, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${join(draft, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    // Sorts the same on every machine, whatever its C library.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    // The default of 16 MB is a lot of disk for a small database.
    '--wal-segsize=4',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]);
  const { uid, gid } = runner;
  try {
    await promisify(execFile)(file, args, { cwd: draft, env: { ...binaries.environment }, uid, gid });
  } catch (cause) {
    throw initdbError(binaries, cause as NodeJS.ErrnoException & { stderr?: string });
  }
}

function initdbError(
  binaries: Binaries,
  cause: NodeJS.ErrnoException & { stderr?: string },
): EmbeddedPostgresError {
  // The file is there; what is missing is the C library's loader that it names.
  if (cause.code === 'ENOENT' || cause.stderr?.includes('setpriv: failed to execute'))
    return new EmbeddedPostgresError(
      `The embedded PostgreSQL (${binaries.initdb}) does not run on this system, which has no glibc ` +
        `(Alpine Linux and other musl systems). ${USE_YOUR_OWN}`,
      { cause },
    );
  const said = (cause.stderr?.trim() || cause.message).split('\n').slice(-10).join('\n');
  return new EmbeddedPostgresError(
    `The embedded database could not be made (initdb failed). It said:\n${said}\n${USE_YOUR_OWN}`,
    { cause },
  );
}

/** Renames the finished cluster into its place. Whoever comes second uses the first one's. */
async function publish(data: string, folder: DataFolder, durable: boolean): Promise<void> {
  if (durable) await sync(data);
  try {
    await rename(data, folder.cluster);
  } catch (cause) {
    if (!(await isPresent(folder))) throw inTheWay(folder, cause);
  }
  if (durable) await sync(folder.root);
}

function inTheWay(folder: DataFolder, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${folder.cluster} is in the way: it holds something that is not a PostgreSQL database. Move it away.`,
    { cause },
  );
}

/** Makes a folder's entries last through a power cut; Windows has no such call. */
async function sync(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** PostgreSQL refuses a cluster others may read, which is what copying one often makes of it. */
export async function closeToOthers(folder: DataFolder): Promise<void> {
  await chmod(folder.cluster, 0o700).catch(() => undefined);
}
