import { ConfigError } from '../platform/config/env.schema.js';
import { unavailableDatabase } from '../platform/database/connection.js';
import { databaseRefusal } from '../platform/database/database-fault.js';
import { AppError } from '../platform/kernel/app-error.js';

/** sysexits.h EX_CONFIG and EX_UNAVAILABLE. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;

/** The text for stderr and the exit code of a start that failed with `error`. */
export function startError(error: unknown): { text: string; exitCode: number } {
  if (error instanceof ConfigError) {
    const lines = error.problems.map(({ setting, message }) => `  ${setting} ${message}`);
    const text = `Latchkey cannot start, its settings need attention:\n${lines.join('\n')}\n`;
    return { text, exitCode: EXIT_CONFIG };
  }
  return { text: `Latchkey cannot start: ${reasonOf(error)}\n`, exitCode: exitCodeOf(error) };
}

function exitCodeOf(error: unknown): number {
  if (isRefusedAdministrator(error) || codeOf(error) === 'EADDRNOTAVAIL') return EXIT_CONFIG;
  return isDatabaseError(error) ? EXIT_UNAVAILABLE : 1;
}

/** One line for people. Messages of the database may quote values, so only error codes are shown. */
function reasonOf(error: unknown): string {
  const { code, syscall, path, address, port } = (error ?? {}) as Record<string, unknown>;
  if (isRefusedAdministrator(error)) return administratorFault(error);
  if (error instanceof AppError) {
    const cause = error.diagnosis?.['cause'];
    return typeof cause === 'string' ? cause : error.detail;
  }
  // A worker binds the port; its primary listens.
  if (code === 'EADDRNOTAVAIL')
    return `HOST must name an address of this machine: ${String(address)} is none (EADDRNOTAVAIL)`;
  if (syscall === 'listen' || syscall === 'bind')
    return `port ${String(port)} of ${String(address)} cannot be used (${String(code)})`;
  if (typeof path === 'string' && syscall !== 'connect')
    return `${path} cannot be read or written (${String(code)})`;
  if (isDatabaseError(error)) {
    const refusal = databaseRefusal(error);
    if (refusal !== undefined) return refusal;
    const place =
      typeof address === 'string' ? ` at ${address}${typeof port === 'number' ? `:${port}` : ''}` : '';
    // A connection that timed out has no code.
    const failure = typeof code === 'string' ? `answered ${code}` : 'did not answer in time';
    return `the database ${failure}${place}; check DATABASE_URL and that PostgreSQL is up`;
  }
  return error instanceof Error ? error.message : 'unknown error';
}

/** During a start, only the creation of the first administrator throws these errors. */
function isRefusedAdministrator(error: unknown): error is AppError {
  const codes = ['validation_failed', 'email_taken', 'username_taken'];
  return error instanceof AppError && codes.includes(error.code);
}

function administratorFault({ code, errors }: AppError): string {
  if (code === 'email_taken') {
    return (
      'BOOTSTRAP_ADMIN_EMAIL is the address of an account that is no administrator. If a stranger created it, delete it ' +
      'with: latchkey users delete ADDRESS. If it is yours, make it the administrator with: latchkey users roles ' +
      'ADDRESS user admin. Or set another address'
    );
  }
  if (code === 'username_taken') {
    return (
      'the first administrator gets the user name "admin", which belongs to an account that is no administrator. If a ' +
      'stranger created it, delete it with: latchkey users delete admin. If it is yours, make it the administrator with: ' +
      'latchkey users roles admin user admin. Or set BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD'
    );
  }
  const faults = errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return `BOOTSTRAP_ADMIN_EMAIL or BOOTSTRAP_ADMIN_PASSWORD is not acceptable (${faults})`;
}

/** An SQLSTATE has five characters. */
function isDatabaseError(error: unknown): boolean {
  const code = codeOf(error);
  return unavailableDatabase(error) !== undefined || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code));
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
