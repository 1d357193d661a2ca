import { access, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import type { DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** The paths of PostgreSQL's programs, and the environment variables with which they find their libraries. */
export interface Binaries {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly native: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  /** The major version, e.g. `18`. A cluster works with one major version only. */
  readonly major: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The last sentence of every message about a machine that cannot run the embedded server. */
export const USE_YOUR_OWN = 'Set DATABASE_URL to use a PostgreSQL server (version 14 or newer) of your own.';

const require = createRequire(import.meta.url);

/**
 * Finds the programs in the optional npm package for this platform, never those on the PATH. Creates the symbolic links
 * of the libraries where npm did not.
 * @throws EmbeddedPostgresError when the package for this platform does not exist or is not installed
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

/** Checks that the package is installed, before any folder is created. @throws EmbeddedPostgresError when it is not */
export function assertPackage(): void {
  findPackage();
}

function findPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package exports only dist/index.js; the programs are in a folder next to dist.
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

/** The environment of child processes: English messages, UTC, and the few variables that Windows requires. */
export function minimalEnvironment(): Record<string, string> {
  if (process.platform !== 'win32') return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const required = ['SystemRoot', 'SystemDrive', 'TEMP', 'TMP', 'PATH'];
  return Object.fromEntries(required.map((name) => [name, process.env[name] ?? '']));
}

/**
 * npm packages cannot contain symbolic links. A postinstall script creates them, unless npm runs with --ignore-scripts.
 * Where node_modules is read-only the links are created in the data folder, and the loader's path includes that folder.
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
    // The package's folder is included because a library searches its dependencies next to the link it was loaded by.
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

/** Creates a link unless it exists: another process may create the same links. */
async function linkOnce(source: string, target: string): Promise<void> {
  await symlink(source, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
