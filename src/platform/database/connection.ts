import { setTimeout as delay } from 'node:timers/promises';
import { types } from 'node:util';
import type { ClientConfig } from 'pg';
import { AppError } from '../kernel/app-error.js';

const RETRY_MS = 500;
/** After this time the operator is told what is waited for. */
const TELL_MS = 1000;

/** Where PostgreSQL is: the URL of the settings, or the address of the embedded server. */
export type ConnectionTarget =
  | {
      readonly url: string;
      /** Whether a pooler is in between, which may run each transaction in a different session; see pooler.ts. */
      readonly pooled?: boolean;
      /** The server's version, such as `180004`, where it is known. */
      readonly version?: number;
    }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
      readonly version?: number;
    };

/** Injection token of the {@link ConnectionTarget}, for clients that need a connection outside the pool. */
export const CONNECTION_TARGET = Symbol('ConnectionTarget');

export interface PoolSettings {
  /** The largest number of connections. */
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** The options of a connection outside the pool. */
export function clientOptions(target: ConnectionTarget): ClientConfig {
  return 'url' in target ? { connectionString: target.url } : target;
}

export function isPooled(target: ConnectionTarget): boolean {
  return 'url' in target && target.pooled === true;
}

/**
 * Retries `connect` until it succeeds, because a database that starts beside the service needs some seconds.
 * @param onWait called once: after a second with the last error, or after three with none, where the server is silent
 * @throws the database's error after `waitMs`, and at once where waiting cannot help, such as a wrong password
 */
export async function whenReachable<T>(
  connect: () => Promise<T>,
  waitMs: number,
  onWait: (error: unknown) => void = () => undefined,
): Promise<T> {
  const deadline = Date.now() + waitMs;
  let last: unknown;
  // A server may just be slow to answer, so a wait without an error is told later.
  let timer = setTimeout(() => {
    if (last !== undefined) onWait(last);
    else timer = setTimeout(() => onWait(last), 2 * TELL_MS);
  }, TELL_MS);
  try {
    for (;;) {
      try {
        return await connect();
      } catch (error) {
        last = error;
        if (!mayComeUp(error) || Date.now() > deadline) throw error;
        await delay(RETRY_MS);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** False for a wrong password or database name (SQLSTATE 28 and 3D): waiting cannot correct them. */
function mayComeUp(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return unavailableDatabase(error) !== undefined && !(typeof code === 'string' && /^(28|3D)/.test(code));
}

/** SQLSTATE classes and codes of a server that cannot answer now, as opposed to a faulty statement. */
const UNAVAILABLE_SQLSTATE =
  /^(08...|28...|3D000|53...|55000|57P0[1-5]|58...|25006|40001|40P01|55P03|57014)$/;
const UNAVAILABLE_ERRNO: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const UNAVAILABLE_MESSAGE =
  /^timeout expired$|timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout|not queryable|pool after calling end|is not established|[Qq]uery ?[Rr]unner (was|is) already released/;

/**
 * `unavailable` (503) for an error that says the database cannot be reached or cannot answer now; undefined for other
 * errors, which are faults of the service.
 */
export function unavailableDatabase(error: unknown): AppError | undefined {
  return isUnavailable(error) ? new AppError('unavailable', { cause: error }) : undefined;
}

function isUnavailable(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  if (driverError !== undefined && driverError !== error && isUnavailable(driverError)) return true;
  if (typeof code === 'string' && (UNAVAILABLE_SQLSTATE.test(code) || UNAVAILABLE_ERRNO.has(code)))
    return true;
  return UNAVAILABLE_MESSAGE.test(error.message);
}

/** The name of the violated unique constraint (SQLSTATE 23505); undefined for other errors. */
export function uniqueViolation(error: unknown): string | undefined {
  const { code, constraint } = ((error as { driverError?: unknown } | null)?.driverError ?? error ?? {}) as {
    code?: unknown;
    constraint?: unknown;
  };
  return code === '23505' && typeof constraint === 'string' ? constraint : undefined;
}
