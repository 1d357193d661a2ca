import { access, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import type { DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** PostgreSQL's programs, and what they need in their environment to find their libraries. */
export interface Binaries {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly native: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  /** First number of the version, e.g. `18`: a cluster belongs to one. */
  readonly major: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Ends every message about a machine that cannot run the embedded server. */
export const USE_YOUR_OWN = 'Set DATABASE_URL to use a PostgreSQL server (version 14 or newer) of your own.';

const require = createRequire(import.meta.url);

/**
 * Finds the programs in the optional npm package for this platform, never those on the PATH, and makes the
 * libraries' symbolic links where npm left them out.
 * @throws EmbeddedPostgresError when there is no package for this platform, or it is not installed
 */
export async function findBinaries(folder: DataFolder): Promise<Binaries> {
  const root = findPackage();
  const native = join(root, 'native');
  const program = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    native,
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgCtl: program('pg_ctl'),
    major: manifest.version.split('.')[0] ?? '',
    environment: { ...minimalEnvironment(), ...(await linkLibraries(root, folder)) },
  };
}

/** Says that this machine cannot run the server at all, before anything is made for it. @throws EmbeddedPostgresError */
export function assertPackage(): void {
  findPackage();
}

function findPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package exports one file, dist/index.js; the programs lie beside dist.
    return dirname(dirname(require.resolve(name)));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL here: the optional package ${name} is not installed ` +
        '(npm leaves it out with --omit=optional, and not every platform has one). ' +
        USE_YOUR_OWN,
      { cause },
    );
  }
}

/** What child processes get of the environment: English messages, UTC, and the little that Windows insists on. */
export function minimalEnvironment(): Record<string, string> {
  if (process.platform !== 'win32') return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const kept = ['SystemRoot', 'SystemDrive', 'TEMP', 'TMP', 'PATH'];
  return Object.fromEntries(kept.map((name) => [name, process.env[name] ?? '']));
}

/**
 * npm packages cannot hold symbolic links; a postinstall script makes them, which npm may be told not to run.
 * Where node_modules is read-only the links go to the data folder, and the loader is pointed there.
 */
async function linkLibraries(root: string, folder: DataFolder): Promise<Record<string, string>> {
  const missing = await missingLinks(root);
  try {
    for (const link of missing) await linkOnce(basename(link.source), join(root, link.target));
    return {};
  } catch {
    const lib = join(folder.root, 'postgres-lib');
    await mkdir(lib, { recursive: true, mode: 0o755 });
    for (const link of missing) await linkOnce(join(root, link.source), join(lib, basename(link.target)));
    // The package's folder too: a library loaded through a link looks for its own needs beside the link.
    const path = [lib, join(root, 'native', 'lib')].join(delimiter);
    return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: path };
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

async function missingLinks(root: string): Promise<Link[]> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const missing: Link[] = [];
  for (const link of JSON.parse(list) as Link[]) {
    const present = await access(join(root, link.target)).then(
      () => true,
      () => false,
    );
    if (!present) missing.push(link);
  }
  return missing;
}

/** Another process may be making the same links: one that is there already is as good. */
async function linkOnce(source: string, target: string): Promise<void> {
  await symlink(source, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
