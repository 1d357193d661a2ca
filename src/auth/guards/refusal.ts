import { AppError } from '../../platform/kernel/app-error.js';

/** The error that a Passport strategy refused a request with; `internal_error` where it gave none. */
export function refusalOf(reason: unknown): unknown {
  if (reason instanceof Error) return reason;
  return new AppError('internal_error', { diagnosis: { cause: 'a strategy refused without a reason' } });
}
