import { setTimeout as delay } from 'node:timers/promises';
import { types } from 'node:util';
import type { ClientConfig } from 'pg';
import { AppError } from '../kernel/app-error.js';

const RETRY_MS = 500;

/** Where PostgreSQL is: a URL as given, or the parts of a server we run ourselves. */
export type ConnectionTarget =
  | {
      readonly url: string;
      /** Whether a pooler stands in between, which may run each transaction in another session, see pooler.ts. */
      readonly pooled?: boolean;
    }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
    };

/** Injection token of the {@link ConnectionTarget}, for what needs a connection of its own beside the pool. */
export const CONNECTION_TARGET = Symbol('ConnectionTarget');

export interface PoolSettings {
  /** Connections at most. */
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** The target for a connection of its own, beside the pool. */
export function clientOptions(target: ConnectionTarget): ClientConfig {
  return 'url' in target ? { connectionString: target.url } : target;
}

export function isPooled(target: ConnectionTarget): boolean {
  return 'url' in target && target.pooled === true;
}

/**
 * Tries to connect until it succeeds: a server that starts beside us answers in a while.
 * @throws the database's error after `waitMs`, and at once where waiting does not help
 */
export async function whenReachable<T>(connect: () => Promise<T>, waitMs: number): Promise<T> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!mayComeUp(error) || Date.now() > deadline) throw error;
      await delay(RETRY_MS);
    }
  }
}

/** A wrong password or database name never comes right by itself. */
function mayComeUp(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return unavailableDatabase(error) !== undefined && !(typeof code === 'string' && /^(28|3D)/.test(code));
}

/** SQLSTATE classes and codes that mean the server cannot be asked now, not that the question was wrong. */
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
 * `unavailable` (503) for an error that says the database cannot be reached or cannot answer now; undefined for
 * every other error, which is a fault of ours.
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

/** The name of the constraint a statement broke where it is a unique one (SQLSTATE 23505). */
export function uniqueViolation(error: unknown): string | undefined {
  const { code, constraint } = ((error as { driverError?: unknown } | null)?.driverError ?? error ?? {}) as {
    code?: unknown;
    constraint?: unknown;
  };
  return code === '23505' && typeof constraint === 'string' ? constraint : undefined;
}
