import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Binaries, USE_YOUR_OWN } from './binaries.js';
import type { DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { DRAFT_PREFIX, lockCreation } from './first-start.js';
import { APPLICATION, type Passwords, SUPERUSER } from './roles.js';
import type { Runner } from './unprivileged.js';

const APPLICATION_FILE = `${APPLICATION}.password`;
const SUPERUSER_FILE = `${SUPERUSER}.password`;

/**
 * Creates the database cluster if there is none. The cluster appears complete or not at all, even when several processes
 * create it at once or one of them is killed.
 * @param durable false skips the final sync to disk, for tests
 * @throws EmbeddedPostgresError when initdb fails, or the folder contains other files
 */
export async function ensureCluster(
  folder: DataFolder,
  binaries: Binaries,
  runner: Runner,
  durable: boolean,
): Promise<void> {
  if (!(await isPresent(folder))) {
    const unlock = await lockCreation(folder.root, () => isPresent(folder));
    try {
      if (!(await isPresent(folder))) await createCluster(folder, binaries, runner, durable);
    } finally {
      await unlock();
    }
  }
  await checkMajor(folder, binaries);
}

/**
 * The passwords of the application's role and of the superuser. Makes the second where there is none, for a cluster of a
 * former version, which had one role.
 * @throws EmbeddedPostgresError when this account may not read the files
 */
export async function readPasswords(folder: DataFolder, runner: Runner): Promise<Passwords> {
  const [application, superuser] = [APPLICATION_FILE, SUPERUSER_FILE].map((name) =>
    join(folder.cluster, name),
  );
  try {
    return {
      application: await passwordIn(application as string),
      superuser: await passwordIn(superuser as string).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return proposePassword(superuser as string, runner);
      }),
    };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The passwords of the embedded database cannot be read from ${folder.cluster} (${(cause as Error).message}). ` +
        'Start Latchkey under the account that created the folder, or as root.',
      { cause },
    );
  }
}

async function passwordIn(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trim();
}

function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

async function writePassword(path: string, runner: Runner): Promise<void> {
  await writeFile(path, newPassword(), { mode: 0o600, flush: true });
  await runner.give(path);
}

/** Links a complete file to the path, unless another process was first, whose password counts. */
async function proposePassword(path: string, runner: Runner): Promise<string> {
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writePassword(draft, runner);
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return passwordIn(path);
}

async function isPresent(folder: DataFolder): Promise<boolean> {
  return await access(join(folder.cluster, 'PG_VERSION')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      // EACCES: the cluster belongs to another account, which the error of readPasswords will say.
      return error.code === 'EACCES';
    },
  );
}

async function checkMajor(folder: DataFolder, binaries: Binaries): Promise<void> {
  const found = (await readFile(join(folder.cluster, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (found === '' || found === binaries.major) return;
  throw new EmbeddedPostgresError(
    `The database in ${folder.cluster} was made by PostgreSQL ${found}; the installed package is ` +
      `PostgreSQL ${binaries.major}. Install the packages of PostgreSQL ${found}, dump the data with pg_dump, ` +
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
  if (found.length > 0) throw occupied(folder);
  const draft = join(folder.root, `${DRAFT_PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(draft, { mode: 0o700 });
    await runner.give(draft);
    for (const name of [APPLICATION_FILE, SUPERUSER_FILE]) await writePassword(join(draft, name), runner);
    await runInitdb(draft, binaries, runner, durable);
    // The password files are part of the cluster, so that one rename makes all visible.
    for (const name of [APPLICATION_FILE, SUPERUSER_FILE])
      await rename(join(draft, name), join(draft, 'data', name));
    await publish(join(draft, 'data'), folder, durable);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function runInitdb(draft: string, binaries: Binaries, runner: Runner, durable: boolean): Promise<void> {
  const args = [
    `--pgdata=${join(draft, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${join(draft, SUPERUSER_FILE)}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    // Sorts the same on every machine: the C library's collations differ.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    // The default of 16 MB takes too much disk for a small database.
    '--wal-segsize=4',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
  const { uid, gid } = runner;
  try {
    await promisify(execFile)(binaries.initdb, args, {
      cwd: draft,
      env: { ...binaries.environment },
      uid,
      gid,
    });
  } catch (cause) {
    throw initdbError(binaries, cause as NodeJS.ErrnoException & { stderr?: string });
  }
}

function initdbError(
  binaries: Binaries,
  cause: NodeJS.ErrnoException & { stderr?: string },
): EmbeddedPostgresError {
  // The file exists; ENOENT is about the C library's loader that it names.
  if (cause.code === 'ENOENT')
    return new EmbeddedPostgresError(
      `The embedded PostgreSQL (${binaries.initdb}) does not run on this system, which has no glibc ` +
        `(Alpine Linux and other musl systems). ${USE_YOUR_OWN}`,
      { cause },
    );
  const output = (cause.stderr?.trim() || cause.message).split('\n').slice(-10).join('\n');
  return new EmbeddedPostgresError(
    `The embedded database could not be created: initdb failed with\n${output}\n${USE_YOUR_OWN}`,
    { cause },
  );
}

/** Renames the finished cluster into its place. When another process was first, its cluster is used. */
async function publish(data: string, folder: DataFolder, durable: boolean): Promise<void> {
  if (durable) await sync(data);
  try {
    await rename(data, folder.cluster);
  } catch (cause) {
    if (!(await isPresent(folder))) throw occupied(folder, cause);
  }
  if (durable) await sync(folder.root);
}

function occupied(folder: DataFolder, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${folder.cluster} is in the way: it contains files that are not a PostgreSQL database. Move it away.`,
    { cause },
  );
}

/** Flushes a folder's entries to disk, so that they survive a power cut. Windows has no such call. */
async function sync(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Restricts the cluster to its owner: PostgreSQL refuses one that others may read, as copies often are. */
export async function restrictToOwner(folder: DataFolder): Promise<void> {
  await chmod(folder.cluster, 0o700).catch(() => undefined);
}
