import { EXIT, type CommandHost } from './command.js';
import { runProgram } from './program.js';

/**
 * Runs the command that the arguments name.
 * @returns the exit status; errors go to the error stream, without values of the database
 */
export async function dispatch(argv: readonly string[], host: CommandHost): Promise<number> {
  try {
    return await runProgram(argv, host);
  } catch (error) {
    host.err(`latchkey: ${(await refusalOf(error)) ?? messageOf(error)}\n`);
    return await statusOf(error);
  }
}

interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
  readonly errors?: ReadonlyArray<{ readonly field?: unknown; readonly message?: unknown }>;
}

async function statusOf(error: unknown): Promise<number> {
  const { name, code } = (error ?? {}) as Thrown;
  if (name === 'ConfigError') return EXIT.config;
  if (name === 'UsageError') return EXIT.usage;
  if (name === 'AppError') return code === 'unavailable' ? EXIT.unavailable : EXIT.refused;
  return (await isUnavailable(error)) ? EXIT.unavailable : EXIT.refused;
}

/** A missing file and a missing socket have the same code, so errors of `open` are excluded. */
async function isUnavailable(error: unknown): Promise<boolean> {
  if ((error as Thrown | null)?.syscall === 'open') return false;
  const { unavailableDatabase } = await import('../platform/database/connection.js');
  return unavailableDatabase(error) !== undefined;
}

/** The meaning of an SQLSTATE; undefined where there is more to say than its code. */
async function refusalOf(error: unknown): Promise<string | undefined> {
  const { code } = (error ?? {}) as Thrown;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return (await import('../platform/database/database-fault.js')).databaseRefusal(error);
}

/**
 * The text for the operator. An AppError has its text in `detail`; its message is the code. The `detail` of a database
 * error is not printed: it may hold a whole row, with its password hash.
 */
function messageOf(error: unknown): string {
  const { name, detail, message, errors } = (error ?? {}) as Thrown;
  if (name === 'AppError' && typeof detail === 'string') {
    const fields = errors?.map((fault) => `${String(fault.field)}: ${String(fault.message)}`) ?? [];
    return fields.length > 0 ? fields.join('; ') : detail;
  }
  return fileFault(error) ?? (typeof message === 'string' && message !== '' ? message : 'unknown error');
}

const FILE_FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be opened: permission denied',
  EEXIST: 'exists already and is not overwritten',
  EISDIR: 'is a folder',
  ENOENT: 'does not exist',
  ENOSPC: 'cannot be written: the disk is full',
};

/** A sentence about a file that the operator named and that cannot be opened; undefined for every other error. */
function fileFault(error: unknown): string | undefined {
  const { syscall, path, code } = (error ?? {}) as Thrown & { readonly path?: unknown };
  const words = FILE_FAULTS[String(code)];
  return syscall === 'open' && typeof path === 'string' && words !== undefined
    ? `${path} ${words}`
    : undefined;
}
