import { AppError } from '../../platform/kernel/app-error.js';

/** What a Passport strategy refused a request with: our own errors as they are, anything else is a fault of ours. */
export function refusalOf(reason: unknown): unknown {
  if (reason instanceof Error) return reason;
  return new AppError('internal_error', { diagnosis: { cause: 'a strategy refused without a reason' } });
}
