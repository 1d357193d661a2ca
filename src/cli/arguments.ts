import { z } from 'zod';
import { AppError } from '../platform/kernel/app-error.js';
import { UsageError, type CommandOptions } from './command.js';

const DEFAULT_LIMIT = 100;
const LIMIT_MAX = 1_000_000;
const REASON_MAX = 200;

/** Exactly one argument. @throws UsageError */
export function only(args: readonly string[], expected: string): string {
  const [first, ...rest] = args;
  if (first === undefined || first === '' || rest.length > 0)
    throw new UsageError(`needs ${expected}, and no other argument`);
  return first;
}

/** @throws UsageError if there are arguments */
export function none(args: readonly string[]): void {
  if (args.length > 0) throw new UsageError(`unexpected argument "${args[0]}"`);
}

/** The value of --limit: how many rows a command shows at most. @throws UsageError */
export function limitOf({ limit }: CommandOptions): number {
  if (limit === undefined) return DEFAULT_LIMIT;
  const value = /^\d{1,7}$/.test(limit) ? Number(limit) : 0;
  if (value < 1 || value > LIMIT_MAX) throw new UsageError(`--limit must be a number from 1 to ${LIMIT_MAX}`);
  return value;
}

/** The last id of a page. @throws UsageError */
export function idOf(option: string, value: string | undefined): string | undefined {
  if (value !== undefined && !z.uuid().safeParse(value).success)
    throw new UsageError(`${option} must be an id (a UUID)`);
  return value?.toLowerCase();
}

/** A time in the past, RFC 3339 with an offset. @throws UsageError */
export function pastOf(option: string, value: string, now: number): Date {
  const known = z.iso.datetime({ offset: true }).safeParse(value).success;
  if (!known) throw new UsageError(`${option} must be a time such as 2026-01-02T03:04:05Z`);
  const time = new Date(value);
  if (time.getTime() > now) throw new UsageError(`${option} is in the future`);
  return time;
}

/** The value of --reason, which audit log and revocation feed publish. @throws UsageError */
export function reasonOf({ reason }: CommandOptions): string | undefined {
  if (reason !== undefined && (reason.length < 1 || reason.length > REASON_MAX)) {
    throw new UsageError(`--reason must be a text of 1 to ${REASON_MAX} characters`);
  }
  return reason;
}

/**
 * Up to `limit` items, read in pages of the size that the service allows.
 * @param page returns the items after an id; a page that is not full is the last
 */
export async function inPages<T extends { readonly id: string }>(
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
  page: (page: { readonly limit: number; readonly after: string | undefined }) => Promise<readonly T[]>,
): Promise<T[]> {
  const items: T[] = [];
  while (items.length < limit) {
    const asked = Math.min(100, limit - items.length);
    const next = await page({ limit: asked, after: items.at(-1)?.id ?? after });
    items.push(...next);
    if (next.length < asked) break;
  }
  return items;
}

/**
 * Names the missing object in the error, such as `no user "ada"`.
 * @throws AppError `not_found` with that detail instead of the general one, and every other error of `work`
 */
export async function found<T>(kind: string, name: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    throw new AppError('not_found', { detail: `no ${kind} "${name}"` });
  }
}
